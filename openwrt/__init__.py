"""Packages for OpenWrt, made and checked without its SDK. Standard library and `bundle` only.

feed           the packages of OpenWrt's feeds that syncd needs, and which part of Python is in which
architectures  the names of routers' architectures, and which bundle each gets
ipk            the format of a package
mkipk          makes them: `python3 -m openwrt.mkipk`
package        takes one apart
lint_ipk       looks at one as a router would: `python3 -m openwrt.lint_ipk FILE`; its rules: lint_form, lint_program
"""
