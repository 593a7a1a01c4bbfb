.DEFAULT_GOAL:=fields

fields:
	@$(foreach field,PKG_NAME PKG_VERSION LUCI_TITLE LUCI_DEPENDS LUCI_PKGARCH,echo '$(field)=$($(field))';)
