# The IM simulator: a module for an httpd of its own, loaded by tests and by ./dev run, never installed. It is built by
# make all, so that ./dev run finds it; -rpath makes libtool build a .so although nothing is installed.
im_simulator = tests/im_simulator
noinst_LTLIBRARIES += mod_im_simulator.la
mod_im_simulator_la_SOURCES = \
	$(im_simulator)/mod_im_simulator.c \
	$(im_simulator)/sim_answer.c $(im_simulator)/sim_attribute.c \
	$(im_simulator)/sim_auth.c $(im_simulator)/sim_auth.h $(im_simulator)/sim_call.h \
	$(im_simulator)/sim_calls.c $(im_simulator)/sim_calls.h \
	$(im_simulator)/sim_control.c $(im_simulator)/sim_create.c \
	$(im_simulator)/sim_evaluate.c $(im_simulator)/sim_evaluate.h \
	$(im_simulator)/sim_function.c $(im_simulator)/sim_function.h \
	$(im_simulator)/sim_im.c $(im_simulator)/sim_machine.c \
	$(im_simulator)/sim_node.c $(im_simulator)/sim_node.h $(im_simulator)/sim_one.c \
	$(im_simulator)/sim_parser.c $(im_simulator)/sim_parser.h \
	$(im_simulator)/sim_parser_groups.c $(im_simulator)/sim_parser_nodes.c \
	$(im_simulator)/sim_problems.c $(im_simulator)/sim_problems.h \
	$(im_simulator)/sim_python.c $(im_simulator)/sim_python.h \
	$(im_simulator)/sim_route.c $(im_simulator)/sim_route.h \
	$(im_simulator)/sim_scalar.c $(im_simulator)/sim_scalar.h \
	$(im_simulator)/sim_server.h \
	$(im_simulator)/sim_settings.c $(im_simulator)/sim_settings.h \
	$(im_simulator)/sim_store.c $(im_simulator)/sim_store.h \
	$(im_simulator)/sim_strike.c $(im_simulator)/sim_unknown.c \
	$(im_simulator)/sim_systems.c $(im_simulator)/sim_systems.h \
	$(im_simulator)/sim_topology.c $(im_simulator)/sim_topology.h \
	$(im_simulator)/sim_tosca.c $(im_simulator)/sim_tosca.h \
	$(im_simulator)/sim_types.c $(im_simulator)/sim_types.h \
	$(im_simulator)/sim_value.c $(im_simulator)/sim_value.h $(im_simulator)/sim_vm.c \
	$(im_simulator)/sim_yaml.c $(im_simulator)/sim_yaml.h
mod_im_simulator_la_CPPFLAGS = $(HTTPD_CPPFLAGS) $(ORC_CFLAGS)
mod_im_simulator_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere \
	-export-symbols-regex '^im_simulator_module$$'
mod_im_simulator_la_LIBADD = -ljansson -lyaml -lm
EXTRA_DIST += $(im_simulator)/README.md $(im_simulator)/test_im_simulator.py
