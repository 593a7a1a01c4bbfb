"""Architectures by the exact names that `opkg print-architecture` says, and which bundle serves each."""

from __future__ import annotations

AARCH64 = ("aarch64_cortex-a53", "aarch64_cortex-a72", "aarch64_cortex-a76", "aarch64_generic")

# With a floating-point unit, and ARMv7: the wheels are built for both. Names without one (arm_cortex-a9,
# arm_xscale) and the first Raspberry Pi (arm_arm1176jzf-s_vfp, ARMv6) take "all".
ARMV7 = (
    "arm_cortex-a5_vfpv4",
    "arm_cortex-a7_neon-vfpv4",
    "arm_cortex-a7_vfpv4",
    "arm_cortex-a8_vfpv3",
    "arm_cortex-a9_neon",
    "arm_cortex-a9_vfpv3-d16",
    "arm_cortex-a15_neon-vfpv4",
)

# Architecture → target of the bundle. "all" runs on every router whose feed has python3-bcrypt.
TARGETS: dict[str, str] = {
    **dict.fromkeys(AARCH64, "aarch64-musl"),
    **dict.fromkeys(ARMV7, "armv7-musl"),
    "x86_64": "x86_64-musl",
    "all": "pure",
}
