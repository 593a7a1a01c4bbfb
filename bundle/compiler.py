"""A script of its own: `compiler.py FOLDER INSTALLED` puts byte-code in the place of all sources below FOLDER.

It runs in a fresh interpreter, so that the same sources always give the same bytes. Docstrings of modules and functions
are left out: a running program never reads them, and a router would carry 350 kB of them on its flash and in memory.
Those of classes stay: dataclasses make a long one at run time where there is none, and settings are explained by them.
"""

from __future__ import annotations

import ast
import importlib.util
import marshal
import os
import sys
from pathlib import Path

UNCHECKED_HASH = 0b01  # the byte-code is never compared with a source (PEP 552)


def main() -> int:
    folder, installed = Path(sys.argv[1]), sys.argv[2]
    for source in sorted(folder.rglob("*.py")):
        text = source.read_bytes()
        tree = without_docstrings(ast.parse(text, source))
        code = compile(tree, os.path.join(installed, source.relative_to(folder)), "exec", dont_inherit=True)
        head = importlib.util.MAGIC_NUMBER + UNCHECKED_HASH.to_bytes(4, "little") + importlib.util.source_hash(text)
        source.with_suffix(".pyc").write_bytes(head + marshal.dumps(code))
        source.unlink()
    return 0


def without_docstrings(tree: ast.Module) -> ast.Module:
    """*tree*, whose functions and itself no longer explain themselves."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef):
            while node.body and _is_text(node.body[0]):
                del node.body[0]
            if not node.body and not isinstance(node, ast.Module):
                node.body = [ast.copy_location(ast.Pass(), node)]
    return tree


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


if __name__ == "__main__":
    sys.exit(main())
