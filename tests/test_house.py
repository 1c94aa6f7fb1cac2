"""What holds for the whole repository: floors, migrations, translations, nothing of anybody's machine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from haicap.kernel.errors import HaicapError

#: hosts of package registries, written so that this file does not hold them either
HOSTS = re.compile(
    "|".join(
        (
            r"files\.python" + r"hosted\.org",
            r"\bpy" + r"pi\.org/simple",
            r"registry\.npm" + r"js\.org",
            r"--(?:extra-)?index-" + "url",
            "--find-" + "links",
            r"//[\w.-]*(?:artifactory|nexus|proxy|mirror)[\w.-]*",
        )
    ),
    re.IGNORECASE,
)
MACHINE = re.compile(r"(?<![\w/.])/(?:work|root|home/\w+|tmp/[a-z]+[A-Z]\w*)/")
#: files that speak of such things for a reason
ALLOWED_HOSTS = {"tests/test_house.py"}
ALLOWED_PATHS = {"tests/test_house.py"}
ERROR_CODE = re.compile(r"[A-Z]{2,3}-\d{3}")


def tracked(root: Path) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [root / name for name in listed.stdout.split("\0") if name and (root / name).is_file()]


def test_floors__every_package__imports_only_downward(project_root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c(['--no-cache'])"],
        cwd=project_root,
        env={"PYTHONPATH": str(project_root / "src"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    if "No module named 'importlinter'" in done.stderr:
        pytest.skip("import-linter is not installed (make lint brings it)")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def test_repository__tracked_files__name_no_registry_and_no_machine(project_root: Path) -> None:
    found = []
    for path in tracked(project_root):
        name = str(path.relative_to(project_root))
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for pattern, allowed in ((HOSTS, ALLOWED_HOSTS), (MACHINE, ALLOWED_PATHS)):
            match = pattern.search(text)
            if match and name not in allowed:
                found.append(f"{name}: {match.group()}")
    assert found == []


def test_repository__lock_file_of_npm__names_no_registry(project_root: Path) -> None:
    assert '"resolved"' not in (project_root / "package-lock.json").read_text()


def test_requirements__every_package__is_pinned_with_hashes(project_root: Path) -> None:
    for name in ("runtime", "build", "installer", "test", "lint", "data", "bench"):
        text = (project_root / "requirements" / f"{name}.txt").read_text().replace("\\\n", " ")
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        assert lines
        for line in lines:
            assert re.match(r"[a-z0-9._-]+(\[[\w,-]+\])?==", line), line
            assert "--hash=sha256:" in line, line


def test_migrations__and_models__agree(project_root: Path) -> None:
    sys.path.insert(0, str(project_root / "tools"))
    try:
        import check_migrations
    finally:
        sys.path.pop(0)
    assert check_migrations.problems() == []


def test_migrations__every_one__has_a_name_of_its_own() -> None:
    for label, name in MigrationLoader(None).disk_migrations:
        if apps.get_app_config(label).name.startswith("haicap."):
            assert re.fullmatch(r"\d{4}_[a-z0-9_]+", name), (label, name)
            assert "_auto_" not in name, (label, name)


@pytest.mark.django_db(transaction=True)
def test_migrations__forward_back_forward__gives_the_same_tables() -> None:
    before = _schema()
    executor = MigrationExecutor(connection)
    ours = [
        app.label for app in apps.get_app_configs() if app.name.startswith("haicap.") and _migrates(app.label)
    ]
    executor.migrate([(label, None) for label in ours])
    left = {table for table, *_rest in _schema() if table.split("_")[0] in ours}
    assert left == set()
    call_command("migrate", interactive=False, verbosity=0)
    assert _schema() == before


def _migrates(label: str) -> bool:
    return any(app == label for app, _name in MigrationLoader(None).disk_migrations)


def _schema() -> set[tuple[str, ...]]:
    """Columns, indexes, constraints, triggers and functions of ours, as text."""
    queries = (
        "SELECT table_name, column_name, data_type, is_nullable, coalesce(column_default, '')"
        " FROM information_schema.columns WHERE table_schema = 'public'",
        "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace",
        "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger"
        " WHERE NOT tgisinternal",
        "SELECT '', p.proname, md5(p.prosrc) FROM pg_proc p WHERE pronamespace = 'public'::regnamespace"
        " AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')",
    )
    found: set[tuple[str, ...]] = set()
    with connection.cursor() as cursor:
        for query in queries:
            cursor.execute(query)
            found.update(tuple(str(value) for value in row) for row in cursor.fetchall())
    return found


def test_translations__and_texts__agree(project_root: Path) -> None:
    pytest.importorskip("babel", reason="make lint brings babel")
    done = subprocess.run(
        [sys.executable, "tools/messages.py", "check"], cwd=project_root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_errors__every_code__is_given_once() -> None:
    """One class, one code; a class below another may share its code only by leaving it out."""
    seen: dict[str, str] = {}
    todo = [HaicapError]
    while todo:
        kind = todo.pop()
        todo += kind.__subclasses__()
        code = kind.__dict__.get("code")
        if code is None or ".tests." in kind.__module__:
            continue
        assert ERROR_CODE.fullmatch(code), (kind, code)
        name = f"{kind.__module__}.{kind.__qualname__}"
        assert seen.setdefault(code, name) == name, f"{code} is both {seen[code]} and {name}"
