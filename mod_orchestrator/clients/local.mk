clients = mod_orchestrator/clients
liborc_la_SOURCES += $(clients)/orc_http.h $(clients)/orc_im.h $(clients)/orc_jwks.h $(clients)/orc_oidc.h
