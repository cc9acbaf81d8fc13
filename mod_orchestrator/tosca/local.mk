tosca = mod_orchestrator/tosca
liborc_la_SOURCES += \
	$(tosca)/orc_tosca.h $(tosca)/orc_tosca_internal.h \
	$(tosca)/orc_tosca_coerce.c \
	$(tosca)/orc_tosca_constraints.c \
	$(tosca)/orc_tosca_defaults.c \
	$(tosca)/orc_tosca_fragment.c \
	$(tosca)/orc_tosca_functions.c \
	$(tosca)/orc_tosca_grammar.c \
	$(tosca)/orc_tosca_inputs.c \
	$(tosca)/orc_tosca_merge.c \
	$(tosca)/orc_tosca_needs.c \
	$(tosca)/orc_tosca_pattern.c \
	$(tosca)/orc_tosca_render.c \
	$(tosca)/orc_tosca_requirements.c \
	$(tosca)/orc_tosca_schema.c \
	$(tosca)/orc_tosca_shape.c \
	$(tosca)/orc_tosca_template.c \
	$(tosca)/orc_tosca_topology.c \
	$(tosca)/orc_tosca_typed.c \
	$(tosca)/orc_tosca_types.c \
	$(tosca)/orc_tosca_values.c \
	$(tosca)/orc_yaml.c $(tosca)/orc_yaml.h \
	$(tosca)/orc_yaml_scalar.c \
	$(tosca)/orc_yaml_tree.c \
	$(tosca)/orc_yaml_write.c

typesdir = $(pkgdatadir)/types
dist_types_DATA = conf/types/indigo.yaml conf/types/tosca_normative.yaml
templatesdir = $(pkgdatadir)/templates
dist_templates_DATA = \
	conf/templates/cluster.yaml conf/templates/single_vm.yaml conf/templates/users.yaml \
	conf/templates/vm_with_volume.yaml

check_PROGRAMS += tests/unit/test_tosca_yaml
tests_unit_test_tosca_yaml_SOURCES = tests/unit/test_tosca_yaml.c tests/unit/tosca_fixture.h tests/unit/unit.h
tests_unit_test_tosca_yaml_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit/test_tosca_template
tests_unit_test_tosca_template_SOURCES = tests/unit/test_tosca_template.c tests/unit/tosca_fixture.h tests/unit/unit.h
tests_unit_test_tosca_template_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit/test_tosca_inputs
tests_unit_test_tosca_inputs_SOURCES = tests/unit/test_tosca_inputs.c tests/unit/tosca_fixture.h tests/unit/unit.h
tests_unit_test_tosca_inputs_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit/test_tosca_topology
tests_unit_test_tosca_topology_SOURCES = tests/unit/test_tosca_topology.c tests/unit/tosca_fixture.h tests/unit/unit.h
tests_unit_test_tosca_topology_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit/test_tosca_render
tests_unit_test_tosca_render_SOURCES = tests/unit/test_tosca_render.c tests/unit/tosca_fixture.h tests/unit/unit.h
tests_unit_test_tosca_render_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit/test_tosca_typed
tests_unit_test_tosca_typed_SOURCES = tests/unit/test_tosca_typed.c tests/unit/tosca_fixture.h tests/unit/unit.h
tests_unit_test_tosca_typed_LDADD = $(unit_ldadd)
