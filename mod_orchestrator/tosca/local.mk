tosca = mod_orchestrator/tosca
