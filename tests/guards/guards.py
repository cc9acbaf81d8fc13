#!/usr/bin/python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What the sources must keep to, as TAP for `make check`. ORC_SRCDIR is the top of the sources; the build folder is
where it is called."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

TOP = os.environ.get("ORC_SRCDIR") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LICENCE = "Licensed under the Apache License, Version 2.0; see LICENSE."
BELOW = {"core", "store", "tosca", "clients"}
MAY_INCLUDE = {  # room: the rooms whose headers it may include besides its own
    "core": set(), "store": {"core"}, "tosca": {"core"}, "clients": {"core"},
    "rules": BELOW, "engine": BELOW | {"rules"}, "surface": BELOW | {"rules"}, "api": BELOW | {"rules", "surface"},
    "runs": BELOW | {"rules", "surface"}, "broker": BELOW | {"rules", "surface"},
    "legacy": BELOW | {"rules", "surface"},
    "httpd": BELOW | {"rules", "engine", "surface", "api", "runs", "broker", "legacy"},
    "import": BELOW | {"rules", "engine"},
}
HTTPD_HEADER = re.compile(r"(httpd|http_\w+|ap_\w+|mod_\w+|util_(filter|script|cookies|mutex|time|md5|ldap)|"
                          r"scoreboard|mpm_common|unixd)\.h")
BANNED = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|alloca)\s*\(")
TIME_OF_DAY = re.compile(r"\bCLOCK_REALTIME\b|\bsem_timedwait\b|\bpthread_\w+_timed(?:wait|lock)\b|"
                         r"\bapr_\w+_timed(?:wait|lock|push|pop)\b")
STRUCT = re.compile(r"\bstruct\s+(\w+)(\s*\{)?")
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.M)
CITED = re.compile(r"[\w./-]*\w\.md\b|\b\w[\w.-]*/[\w./-]*\w\.txt\b|\b(?:orc|mo|sim|test|check)_\w+\.(?:[ch]|py)\b")
SECTION = re.compile(r"([\w./-]*README\.md), \"([^\"\n]+)\"")
JSON_TEXT = re.compile(r'\s*("\w+": )?"[^"]*"[\]},]*')
# Written apart, so that this file passes its own guards.
MACHINE_PATH = re.compile("/(wo" "rk|ro" "ot|fa" "rm)/[A-Za-z.]")
LEFT_OVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")


def files():
    """The files of the repository, relative to its top: git's list, or everything of an unpacked release."""
    if os.path.exists(os.path.join(TOP, ".git")) and shutil.which("git"):
        listed = subprocess.run(["git", "-C", TOP, "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others",
                                 "--exclude-standard"], stdout=subprocess.PIPE, check=True).stdout.decode()
        names = listed.split("\0")
    else:
        names = [os.path.relpath(os.path.join(folder, name), TOP)
                 for room in ("mod_orchestrator", "tests", "conf", "sql")
                 for folder, _, found in os.walk(os.path.join(TOP, room)) for name in found]
    return sorted(name for name in names if name and os.path.isfile(os.path.join(TOP, name)))


def text(name):
    with open(os.path.join(TOP, name), encoding="utf-8", errors="replace") as file:
        return file.read()


def code(name):
    """A C file without its comments and the contents of its strings; lines keep their numbers."""
    def blank(match):
        return '""' if match.group(0)[0] in "\"'" else "\n" * match.group(0).count("\n")
    return re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", blank, text(name), flags=re.S)


def line_of(content, position):
    return content.count("\n", 0, position) + 1


ALL = files()
C_FILES = [name for name in ALL if name.endswith((".c", ".h"))]
ROOM_FILES = [name for name in C_FILES if name.startswith("mod_orchestrator/") and name.count("/") >= 2]


def calls_go_down_only():
    """includes go down the rooms only, never up or sideways"""
    home = {os.path.basename(name): name.split("/")[1] for name in ROOM_FILES if name.endswith(".h")}
    for name in ROOM_FILES:
        room = name.split("/")[1]
        if room not in MAY_INCLUDE:
            yield "%s: %s is no room of the house" % (name, room)
            continue
        content = text(name)
        for match in INCLUDE.finditer(content):
            other = home.get(os.path.basename(match.group(1)))
            if other not in (None, room) and other not in MAY_INCLUDE[room]:
                yield "%s:%d: %s includes %s of %s" % (name, line_of(content, match.start()), room, match.group(1),
                                                       other)


def structs_of_other_rooms_come_by_their_headers():
    """a struct of a room above or beside is not named by a forward declaration"""
    homes = {}
    for name in ROOM_FILES:
        for match in STRUCT.finditer(code(name)):
            if match.group(2):
                homes.setdefault(match.group(1), set()).add(name.split("/")[1])
    for name in ROOM_FILES:
        room, content = name.split("/")[1], code(name)
        for match in STRUCT.finditer(content):
            others = homes.get(match.group(1), {room})
            if not others & ({room} | MAY_INCLUDE.get(room, set())):
                yield "%s:%d: %s names struct %s of %s" % (name, line_of(content, match.start()), room, match.group(1),
                                                           min(others))


def httpd_headers_stay_in_httpd():
    """only httpd/ includes httpd's headers"""
    for name in ROOM_FILES:
        if name.split("/")[1] == "httpd":
            continue
        content = text(name)
        for match in INCLUDE.finditer(content):
            if HTTPD_HEADER.fullmatch(match.group(1)):
                yield "%s:%d: %s" % (name, line_of(content, match.start()), match.group(1))


def one_exported_symbol():
    """the module exports orchestrator_module and nothing else"""
    module = os.path.join(".libs", "mod_orchestrator.so")
    with open("Makefile", encoding="utf-8") as file:
        sanitized = re.search(r"^ORC_SANITIZE = \S", file.read(), re.M)
    if not os.path.exists(module) or sanitized:
        return "SKIP no plain mod_orchestrator.so in this build"
    listed = subprocess.run(["nm", "-D", "--defined-only", module], stdout=subprocess.PIPE, check=True).stdout.decode()
    symbols = sorted(row.split()[-1] for row in listed.splitlines())
    return [] if symbols == ["orchestrator_module"] else ["exported: %s" % ", ".join(symbols)]


def no_banned_functions():
    """no function is called that can write past its buffer or keeps hidden state"""
    for name in C_FILES:
        content = code(name)
        for match in BANNED.finditer(content):
            yield "%s:%d: %s" % (name, line_of(content, match.start()), match.group(1))


def nobody_waits_by_the_time_of_day():
    """no wait and no thread's sleep ends at a time of day, which somebody may set back"""
    for name in ROOM_FILES:
        content = code(name)
        for match in TIME_OF_DAY.finditer(content):
            yield "%s:%d: %s" % (name, line_of(content, match.start()), match.group())


def nobody_decides_by_a_code():
    """what an error's code says is for programs outside: who has to decide looks at its status or reason"""
    for name in ROOM_FILES:
        content = code(name)
        for match in re.finditer(r"\bstr\w*cmp\([^;{]*\b\w*error\w*(?:->|\.)code\b", content):
            yield "%s:%d: compares a code" % (name, line_of(content, match.start()))


def directives_are_documented():
    """conf/orchestrator.conf has every directive of the module, and no other"""
    table = set()
    for name in ROOM_FILES:
        if name.split("/")[1] == "httpd" and name.endswith(".c"):
            table |= {word.lstrip("<") for word in re.findall(r'\bAP_INIT_\w+\s*\(\s*"(<?\w+)"', text(name))}
    if not table:
        return "SKIP the module has no directives yet"
    documented = set(re.findall(r"^\s*#?<?(Orchestrator\w+)", text("conf/orchestrator.conf"), re.M))
    return ["not in conf/orchestrator.conf: " + word for word in sorted(table - documented)] + \
        ["no directive of the module: " + word for word in sorted(documented - table)]


def unit_tests_are_registered():
    """every unit test file is in a local.mk, and every test function in its file's list"""
    registered = " ".join(text(name) for name in ALL if name.endswith("local.mk"))
    for name in C_FILES:
        if not re.fullmatch(r"tests/\w+/(test|check)_\w+\.c", name):
            continue
        program = os.path.splitext(os.path.basename(name))[0]
        if not re.search(r"/%s\b" % program, registered):
            yield "%s is in no local.mk" % name
        content = text(name)
        for function in re.findall(r"^static void (\w+)\(void \*\*\w+\)", content, re.M):
            if not re.search(r"cmocka_unit_test\w*\(\s*%s\b" % function, content) and \
                    not re.search(r"\bTEST\w*\(\s*%s\b" % function, content):
                yield "%s: %s is in no list of tests" % (name, function)


def calls_of_statements_are_complete():
    """a call of a statement names every parameter, because one left out would be NULL"""
    with open("mod_orchestrator/generated/orc_sql.h", encoding="utf-8") as file:
        header = file.read()
    wanted = {name: set(re.findall(r"\w+(?=;)", members)) for name, members in
              re.findall(r"typedef struct (orc_sql_\w+)_t {\n(.*?)} \1_t;", header, re.S) if not name.endswith("_row")}
    for name in ROOM_FILES:
        content = code(name)
        for match in re.finditer(r"\b(orc_sql_\w+)(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))", content):
            lacking = wanted.get(match.group(1), set()) - set(re.findall(r"[(,]\s*\.(\w+) =", match.group(2)))
            if lacking:
                yield "%s:%d: %s without %s" % (name, line_of(content, match.start()), match.group(1),
                                                ", ".join(sorted(lacking)))


def citations_resolve():
    """every document, section and source that is named is in the repository"""
    sources = {os.path.basename(name) for name in ALL} | set(os.listdir(os.path.join("mod_orchestrator", "generated")))
    for name in _texts():
        content = text(name)
        for match in CITED.finditer(content):
            cited = match.group(0)
            is_source = not cited.endswith((".md", ".txt"))
            if cited not in sources if is_source else not _document(name, cited):
                yield "%s:%d: there is no %s" % (name, line_of(content, match.start()), cited)
        for match in SECTION.finditer(re.sub(r"\n[ *#/]*", " ", content)):
            document = _document(name, match.group(1))
            if document and not re.search(r"^#+ %s$" % re.escape(match.group(2)), text(document), re.M):
                yield "%s: %s has no section %s" % (name, document, match.group(2))


def _document(name, cited):
    """The document that a file means, beside itself or from the top; None when there is none."""
    for folder in (os.path.dirname(name), "", "mod_orchestrator"):
        path = os.path.normpath(os.path.join(folder, cited.lstrip("/")))
        if path in ALL:
            return path
    return None


def contract_is_described():
    """every route, parameter, answer, object and field of the contract has a description, and an example where one can
    be given"""
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.join(TOP, "mod_orchestrator", "surface"))
    import compile_routes  # pylint: disable=import-outside-toplevel
    import describe_routes  # pylint: disable=import-outside-toplevel
    document, routes, enums = compile_routes.read(pathlib.Path(TOP, "mod_orchestrator", "routes"), ["swagger-ui"])
    yield from describe_routes.undescribed(compile_routes.openapi(document, routes, enums))


def licence_lines():
    """every source begins with the licence line"""
    for name in ALL:
        if name.endswith((".c", ".h", ".py")) or name in ("dev", ".ci/run"):
            if LICENCE not in "\n".join(text(name).splitlines()[:2]):
                yield name


def no_machine_paths():
    """no file names a folder of the machine it was written on"""
    return _lines(MACHINE_PATH, lambda name: True)


def nothing_left_for_later():
    """no file leaves something for later"""
    return _lines(LEFT_OVER, lambda name: name != ".clang-format")


def _lines(pattern, wanted):
    for name in _texts():
        if wanted(name):
            for number, row in enumerate(text(name).splitlines(), 1):
                if pattern.search(row):
                    yield "%s:%d: %s" % (name, number, row.strip()[:100])


def _texts():
    return [name for name in ALL
            if not name.endswith((".png", ".svg", ".bin")) and name != "LICENSE" and "/corpus/" not in name]


def lines_fit_a_screen():
    """no line has more than 120 columns, unless it can't be broken: a table's row, a text in JSON, a long word"""
    for name in _texts():
        if name.startswith("sql/migrations/"):  # they are never edited
            continue
        for number, row in enumerate(text(name).splitlines(), 1):
            is_whole = (name.endswith(".md") and row.startswith("|")) or \
                (name.endswith(".json") and JSON_TEXT.fullmatch(row)) or max(map(len, row.split()), default=0) > 100
            if len(row) > 120 and not is_whole:
                yield "%s:%d: %d columns" % (name, number, len(row))


def formatted():
    """the C sources are as clang-format 14 writes them"""
    program = shutil.which("clang-format-14")
    if program is None:
        return "SKIP no clang-format 14 (another version formats otherwise)"
    done = subprocess.run([program, "--dry-run", "-Werror", *C_FILES], cwd=TOP, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    return [row for row in done.stdout.decode().splitlines() if "error:" in row][:20]


GUARDS = [calls_go_down_only, structs_of_other_rooms_come_by_their_headers, httpd_headers_stay_in_httpd,
          one_exported_symbol, no_banned_functions, nobody_waits_by_the_time_of_day, nobody_decides_by_a_code,
          directives_are_documented, unit_tests_are_registered, calls_of_statements_are_complete, citations_resolve,
          contract_is_described, licence_lines, no_machine_paths, nothing_left_for_later, lines_fit_a_screen, formatted]


def main():
    print("1..%d" % len(GUARDS))
    failed = 0
    for number, guard in enumerate(GUARDS, 1):
        found = guard()
        if isinstance(found, str):
            print("ok %d - %s # %s" % (number, guard.__doc__, found))
            continue
        found = list(found or [])
        failed += bool(found)
        print("%s %d - %s" % ("not ok" if found else "ok", number, guard.__doc__))
        for row in found:
            print("# " + row)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
