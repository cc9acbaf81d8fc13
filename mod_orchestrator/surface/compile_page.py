# Licensed under the Apache License, Version 2.0; see LICENSE.
"""A page to browse an OpenAPI document with: one file of HTML that needs no script and asks for nothing else. Of
compile_routes.py."""
import base64
import hashlib
import html
import json
import re

PREFIX = "#/components/schemas/"
WHO = {"open": "Everybody, without a token", "any": "Every user", "self": "The user themselves",
       "self,admin": "The user themselves, administrators", "owner": "Owners", "owner,admin": "Owners, administrators",
       "admin": "Administrators", "admin,service": "Administrators, service accounts"}
MANY = 6  # rows of a table that are shown without being asked for
LONG = 80  # characters of an example within a table
STYLE = """
:root { color-scheme: light dark; --text: #1b1f24; --soft: #57606a; --line: #d0d7de; --back: #fff; --code: #f3f5f7;
  --link: #0756b0; --get: #0b5ea8; --post: #1a6b32; --put: #8a5200; --patch: #6a3fa0; --delete: #ab1f2c }
@media (prefers-color-scheme: dark) { :root { --text: #e2e6eb; --soft: #9aa5b1; --line: #3a424c; --back: #14181d;
  --code: #1f252c; --link: #79b4ff; --get: #79b4ff; --post: #6fcf8a; --put: #f0b35a; --patch: #c8a4ff;
  --delete: #ff8f8f } }
* { box-sizing: border-box }
html { scroll-padding-top: 1rem }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
a { color: var(--link); text-decoration: none } a:hover, a:focus-visible { text-decoration: underline }
main, nav { padding: 1rem; min-width: 0 } main { max-width: 60rem }
h1 { font-size: 1.7rem; margin: 0 0 .5rem } h2 { font-size: 1.35rem; margin: 3rem 0 .25rem }
h3 { font-size: 1.05rem; margin: 0; overflow-wrap: anywhere } h3 a { color: inherit } p { margin: .5rem 0 }
section { border-top: 1px solid var(--line); padding: 1.25rem 0 1rem }
code, pre { font: .875rem/1.5 ui-monospace, monospace } td code { overflow-wrap: anywhere }
pre { background: var(--code); border: 1px solid var(--line); border-radius: 6px; padding: .6rem .8rem; margin: .6rem 0;
  white-space: pre-wrap; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; margin: .4rem 0; font-size: .92rem }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line) }
th { color: var(--soft); font-weight: 600 } td:first-child { width: 30% } td.s { width: 4rem }
summary { cursor: pointer; color: var(--link); margin: .4rem 0 } .soft { color: var(--soft); font-size: .92rem }
.m { display: inline-block; min-width: 4.1rem; font: 700 .8rem/1.5 ui-monospace, monospace }
.get { color: var(--get) } .post { color: var(--post) } .put { color: var(--put) } .patch { color: var(--patch) }
.delete { color: var(--delete) }
nav h2 { font-size: 1rem; margin: 1rem 0 .25rem } nav ul { list-style: none; margin: 0; padding: 0 }
nav li { font-size: .85rem; line-height: 1.35; padding: .15rem 0; overflow-wrap: anywhere }
nav li a { display: flex } nav .m { flex: none; min-width: 3.9rem }
.skip { display: block; padding: 1rem 1rem 0 }
@media (min-width: 900px) { .skip { display: none } body { display: grid; grid-template-columns: 19rem minmax(0, 1fr) }
  nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; border-right: 1px solid var(--line) }
  main { padding: 1.5rem 2rem } }
@media (max-width: 599px) { pre { font-size: .78rem } thead { display: none } tr { display: block; padding: .4rem 0;
  border-bottom: 1px solid var(--line) } td, td:first-child, td.s { display: block; width: auto; border: 0;
  padding: .05rem 0 } }
"""


def escaped(text):
    return html.escape(str(text))


def prose(text):
    """A text of descriptions: paragraphs, `code` and **strong**."""
    out = escaped(text)
    out = re.sub(r"`([^`]+)`", r"<code>\1</code>", out)
    out = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", out)
    return out


def breakable(path):
    """A path that may go on in another line behind a slash."""
    return escaped(path).replace("/", "/<wbr>")


def paragraphs(text):
    return "".join("<p>%s</p>" % prose(part) for part in text.split("\n\n") if part)


def link(name):
    return '<a href="#%s">%s</a>' % (name, name)


def limits(schema):
    """What else a value has to keep to, in words."""
    out = []
    for low, high, what in (("minimum", "maximum", ""), ("minLength", "maxLength", " characters"),
                            ("minItems", "maxItems", " entries"), ("minProperties", "maxProperties", " members")):
        least, most = schema.get(low), schema.get(high)
        if least is not None and most is not None:
            out.append("%s%s" % (least if least == most else "%s to %s" % (least, most), what))
        elif least is not None:
            out.append("at least %s%s" % (least, what))
        elif most is not None:
            out.append("at most %s%s" % (most, what))
    if schema.get("default") is not None:
        out.append("unless given <code>%s</code>" % escaped(json.dumps(schema["default"]).strip('"')))
    return out


def kind(schema):
    """What a value is, as HTML."""
    if "$ref" in schema:
        return link(schema["$ref"][len(PREFIX):])
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            return " or ".join(kind(part) for part in schema[word])
    if "const" in schema:
        return "<code>%s</code>" % escaped(json.dumps(schema["const"]).strip('"'))
    types = schema.get("type", "anything")
    types = [types] if isinstance(types, str) else types
    words = ["array of " + kind(schema["items"]) if one == "array" and "items" in schema else one for one in types]
    words = " or ".join(words) + (" (%s)" % schema["format"] if "format" in schema else "")
    if "enum" in schema:
        words += ": " + ", ".join("<code>%s</code>" % escaped(value) for value in schema["enum"])
    return ", ".join([words] + limits(schema))


def short(value):
    """An example within a table, or nothing when it is long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return '<br><span class="soft">like <code>%s</code></span>' % escaped(text) if 0 < len(text) <= LONG else ""


def table(heads, rows):
    return "<table><thead><tr>%s</tr></thead><tbody>%s</tbody></table>" % (
        "".join("<th>%s</th>" % head for head in heads), "".join(rows))


def row(cells, marks=""):
    return "<tr>%s</tr>" % "".join("<td%s>%s</td>" % (marks if not number else "", cell)
                                   for number, cell in enumerate(cells))


def folded(words, inside):
    return "<details><summary>%s</summary>%s</details>" % (words, inside)


def in_a_url(value):
    return ",".join(map(str, value)) if isinstance(value, list) else str(value).lower() if isinstance(value, bool) \
        else str(value)


# ---- an operation ----

def curl(server, path, method, operation):
    """A line to paste: `TOKEN` is the shell's. What a shell takes for itself stands in single quotes."""
    def quoted(text):
        return "'%s'" % text.replace("'", "'\\''")
    for entry in operation.get("parameters", []):
        if entry["in"] == "path":
            path = path.replace("{%s}" % entry["name"], entry["example"])
    parts = ["%s %s%s" % ("curl -i" if method != "GET" else "curl", server, path)]
    if method not in ("GET", "POST") or (method == "POST" and "requestBody" not in operation):
        parts.append("-X " + method)
    if operation.get("security") != []:
        parts.append('-H "Authorization: Bearer $TOKEN"')
    for kind_of_body, content in list(operation.get("requestBody", {}).get("content", {}).items())[:1]:
        body = json.dumps(content.get("example", {}), ensure_ascii=False)
        parts += ["-H 'Content-Type: %s'" % kind_of_body, "-d " + quoted(body)]
    return " \\\n  ".join(parts)


def parameter_rows(entries):
    for entry in entries:
        name = "<code>%s</code>" % escaped(entry["name"])
        where = {"path": "", "query": "", "header": ' <span class="soft">header</span>'}[entry["in"]]
        example = entry.get("example")
        example = in_a_url(example) if entry["in"] == "query" else example
        yield row([name + where, "%s<br><span class=\"soft\">%s</span>%s" % (
            prose(entry.get("description", "")), kind(entry["schema"]), short(example))])


def parameters(operation):
    """Few are shown; of many those of lists are folded away."""
    entries = operation.get("parameters", [])
    if not entries:
        return ""
    whole = table(["Parameter", "Meaning"], parameter_rows(entries))
    return whole if len(entries) <= MANY else folded("%d parameters" % len(entries), whole)


def content_of(answer):
    kinds = []
    for name, content in answer.get("content", {}).items():
        shown = kind(content["schema"])
        kinds.append(shown if name == "application/json" else "%s (%s)" % (shown, name))
    return ", ".join(kinds)


def answer_rows(answers):
    for status, answer in answers:
        headers = [name for name, header in answer.get("headers", {}).items()
                   if name not in ("X-Request-ID", "Cache-Control")]
        cells = [prose(answer["description"]), content_of(answer)]
        if headers:
            cells.append('<span class="soft">with %s</span>' % ", ".join(headers))
        number = "<code>%s</code>" % status
        if int(status) >= 400:
            number = '<a href="#Error%s">%s</a>' % (status, number)
        yield row([number, "<br>".join(cell for cell in cells if cell)], ' class="s"')


def answers_of(operation):
    good = [one for one in operation["responses"].items() if int(one[0]) < 400]
    bad = [one for one in operation["responses"].items() if int(one[0]) >= 400]
    return table(["Answer", "Meaning"], answer_rows(good)) + folded(
        "Errors: " + ", ".join(status for status, _ in bad), table(["Status", "Meaning"], answer_rows(bad)))


def body_of(operation):
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        return ""
    kinds = ["%s (%s)" % (kind(one["schema"]), name) for name, one in content.items()]
    return '<p class="soft">Body%s: %s</p>' % ("" if operation["requestBody"].get("required") else ", if any",
                                             " or ".join(kinds))


def operation_section(server, path, method, operation):
    return '<section id="%s"><h3><a href="#%s"><span class="m %s">%s</span> <code>%s</code></a></h3>%s%s%s%s%s%s' \
        "</section>" % (
            operation["operationId"], operation["operationId"], method.lower(), method, breakable(path),
            paragraphs(operation["summary"] + "." if operation["summary"][-1] not in ".!?" else operation["summary"]) +
            paragraphs(operation.get("description", "")),
            '<p class="soft">For: %s</p>' % WHO[operation["x-who"]],
            "<pre>%s</pre>" % escaped(curl(server, path, method, operation)),
            parameters(operation), body_of(operation), answers_of(operation))


# ---- a schema ----

def field_rows(schema, before=""):
    for name, field in schema.get("properties", {}).items():
        must = "" if name in schema.get("required", []) else ' <span class="soft">may be left out</span>'
        example = "" if "$ref" in field or "enum" in field else short(field.get("examples", [""])[0])
        yield row(["<code>%s</code>%s" % (escaped(before + name), must), "%s<br><span class=\"soft\">%s</span>%s" % (
            prose(field.get("description", "")), kind(field), example)])
        yield from field_rows(field, before + name + ".")
        if isinstance(field.get("items"), dict):
            yield from field_rows(field["items"], before + name + "[].")


def schema_section(name, schema):
    inside = table(["Field", "Meaning"], field_rows(schema)) if "properties" in schema else "<p>%s</p>" % kind(schema)
    return '<section id="%s"><h3>%s</h3>%s%s</section>' % (name, link(name), paragraphs(schema.get("description", "")),
                                                         inside)


def error_section(name, example):
    return '<section id="%s"><h3><a href="#%s">%s %s</a></h3>%s<pre>%s</pre></section>' % (
        name, name, example["value"]["status"], escaped(example["value"]["title"]), paragraphs(example["summary"]),
        escaped(json.dumps(example["value"], indent=2, ensure_ascii=False)))


# ---- the page ----

def navigation(groups, schemas):
    out = ['<nav aria-label="Routes and objects">']
    for tag, operations in groups.items():
        out.append("<h2>%s</h2><ul>" % escaped(tag.capitalize()))
        out += ['<li><a href="#%s"><span class="m %s">%s</span><span>%s</span></a></li>' % (
            operation["operationId"], method.lower(), method, breakable(path))
            for path, method, operation in operations]
        out.append("</ul>")
    out.append("<h2>Objects</h2><ul>%s</ul>"
               '<h2><a href="#errors">Errors</a></h2></nav>' % "".join("<li>%s</li>" % link(name) for name in schemas))
    return "".join(out)


def policy():
    """The Content-Security-Policy of the page: its own style, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'" % digest


def page(document):
    """The whole page; the server's URL stands in it as it does in the document."""
    server, schemas = document["servers"][0]["url"], document["components"]["schemas"]
    groups = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            groups.setdefault(operation["tags"][0], []).append((path, method.upper(), operation))
    about = {tag["name"]: tag.get("description", "") for tag in document["tags"]}
    title = escaped("%s API %s" % (document["info"]["title"], document["info"]["version"]))
    out = ['<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>%s</title>' % title,
           '<meta http-equiv="Content-Security-Policy" content="%s">' % policy(),
           '<meta name="viewport" content="width=device-width, initial-scale=1">',
           "<style>%s</style></head><body>" % STYLE, '<a class="skip" href="#main">To the text</a>',
           navigation(groups, schemas), '<main id="main"><h1>%s</h1>' % title,
           paragraphs(document["info"]["description"]),
           '<p>The same for programs: <a href="%s/openapi.json">openapi.json</a>.</p>' % server,
           "<p>The lines below are for a shell that knows an access token:</p><pre>TOKEN=...</pre>"]
    for tag, operations in groups.items():
        out.append('<h2>%s</h2><p class="soft">%s</p>' % (escaped(tag.capitalize()), prose(about[tag])))
        out += [operation_section(server, *one) for one in operations]
    out.append("<h2>Objects</h2>")
    out += [schema_section(name, schema) for name, schema in schemas.items()]
    out.append('<h2 id="errors">Errors</h2><p class="soft">What an answer of each status looks like: %s.</p>' %
               link("Problem"))
    out += [error_section(*one) for one in document["components"]["examples"].items()]
    return "".join(out) + "</main></body></html>\n"
