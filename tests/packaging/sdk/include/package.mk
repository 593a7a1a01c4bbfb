.DEFAULT_GOAL:=fields

FIELDS:=SECTION CATEGORY TITLE DEPENDS USERID PKGARCH
SOURCE:=PKG_NAME PKG_VERSION PKG_RELEASE PKG_LICENSE PKG_MAINTAINER PKG_BUILD_DEPENDS

define BuildPackage
$(eval $(Package/$(1)))
endef

fields:
	@$(foreach field,$(SOURCE) $(FIELDS),echo '$(field)=$($(field))';)
	@echo 'conffiles=$(Package/$(PKG_NAME)/conffiles)'

build:
	$(Build/Prepare)
	$(Build/Configure)
	$(Build/Compile)
	mkdir -p $(BUILD_DIR)/out
	$(call Package/$(PKG_NAME)/install,$(BUILD_DIR)/out)
