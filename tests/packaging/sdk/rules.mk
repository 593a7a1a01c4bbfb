# A stand-in for OpenWrt's SDK: as much of it as our Makefiles use. `make fields` prints what they say of the package,
# `make build` makes its files in $(BUILD_DIR)/out.

INCLUDE_DIR:=$(TOPDIR)/include
PKG_BUILD_DIR=$(BUILD_DIR)/$(PKG_NAME)
PKG_INSTALL_DIR=$(PKG_BUILD_DIR)/ipkg-install
CP:=cp -fpR
