"""Build hook: compiles the kernels. Without a compiler the package works all the same, by torch alone."""

import importlib.util
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class KernelsHook(BuildHookInterface):
    """Compiles ``paribus.kernels`` into the wheel, or into the source tree for an editable install."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and make the wheel one for this platform; on failure say why and leave it pure Python."""
        del version
        if self.target_name != "wheel":
            return
        path = Path(self.root) / "src" / "paribus" / "kernels" / "compiling.py"
        spec = importlib.util.spec_from_file_location("compiling", path)
        assert spec is not None, "a file beside this one"
        assert spec.loader is not None, "a Python file"
        compiling = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(compiling)
        try:
            compiling.compile_kernels()
        except compiling.CompileError as error:
            self.app.display_warning(f"paribus is installed without its own kernels: {error}")
            return
        build_data["artifacts"].append("src/paribus/kernels/_kernels.so")
        build_data["pure_python"] = False
        tag = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{tag}"
