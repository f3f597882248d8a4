"""No page changes anything but through the one place that asks the role and writes the audit line."""

from __future__ import annotations

import ast
from pathlib import Path

CHANGES = {
    "decisions": {"approve", "skip"}, "orders": {"reopen"}, "what_ifs": {"keep"}, "promotions": {"plan", "cancel"},
    "figures": {"set_target", "write_risk", "strike_risk"}, "written": {"write_notes", "keep_view"}, "trials": {"begin", "stop", "settle"},
    "rollouts": {"start", "stop"},
}  # fmt: skip
READ = {
    "orders": {"orders"}, "what_ifs": {"said", "try_out"}, "promotions": {"listed", "expected", "results"}, "figures": {"review"},
    "written": {"views"}, "trials": {"trials", "design", "waiting"}, "decisions": set(),
    "rollouts": {"rollouts", "told", "releases", "waits_h"}, "planning": {"deliveries"},
}  # fmt: skip
DASHBOARD = Path(__file__).resolve().parents[2] / "cloud_api" / "dashboard"


def of_the_desk(node: ast.AST) -> tuple[str, str] | None:
    """(part, method) of `desk.part.method` or `self._desk.part.method`."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
        holder = node.value.value
        name = holder.id if isinstance(holder, ast.Name) else holder.attr if isinstance(holder, ast.Attribute) else ""
        if name in ("desk", "_desk"):
            return node.value.attr, node.attr
    return None


def test_every_change_is_asked_and_noted_first() -> None:
    changed = set()
    for path in sorted(DASHBOARD.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = any(isinstance(node, ast.ImportFrom) and node.module == "cloud_api.dashboard.acting" for node in ast.walk(tree))
        for found in filter(None, map(of_the_desk, ast.walk(tree))):
            part, method = found
            if method in CHANGES.get(part, set()):
                changed.add(found)
                assert named, f"{path.name} calls {part}.{method} and never asks `press`"
            elif part in READ:
                assert method in READ[part], f"{path.name} calls {part}.{method}: say in this test whether it changes anything"
    assert changed == {(part, method) for part, methods in CHANGES.items() for method in methods}


def test_a_change_stands_in_a_function_that_is_given_the_name() -> None:
    """`press` hands the actor's name on, so each change is in a lambda or function of one argument, is
    handed on whole to what calls `press`, or is a job's, begun after it."""
    for path in sorted(DASHBOARD.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inside: set[ast.AST] = set()
        for node in ast.walk(tree):
            takes = [argument.arg for argument in node.args.args] if isinstance(node, ast.Lambda | ast.FunctionDef) else []
            hands_on = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "partial"
            if hands_on or (takes and takes[-1] in ("by", "_", "progress")):
                inside.update(ast.walk(node))
        for node in ast.walk(tree):
            found = of_the_desk(node)
            if found is not None and found[1] in CHANGES.get(found[0], set()):
                assert node in inside, f"{path.name}: {'.'.join(found)} goes around `press`"


def test_what_is_refused_is_caught_in_one_place() -> None:
    """A page that caught refusals by itself would forget one kind of them; a page's own clock may miss a look and be silent."""
    for path in sorted(DASHBOARD.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and node.type is not None and path.name not in ("acting.py", "frame.py"):
                kinds = {part.id for part in ast.walk(node.type) if isinstance(part, ast.Name)}
                is_silent = all(isinstance(part, ast.Return | ast.Continue) for part in node.body)
                assert is_silent or not kinds & {"CloudError", "DBAPIError", "SQLAlchemyError", "RegisterSilent"}, path.name
