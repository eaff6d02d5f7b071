# Needs: where Snakemake has this file from. Makes: SOURCE, the folder of this project, its package importable. No rules here.
import sys
from pathlib import Path


def folder_of_project(rules):
    """The checkout that ``rules`` lies in. From a hosting site Snakemake takes single files: then one is exported here."""
    if hasattr(rules, "abspath"):
        return Path(rules).resolve().parents[1]
    repository = git_repository(rules)
    commit = repository.commit(rules.ref).hexsha
    folder = Path(".snakemake", "ltmlc", commit).resolve()
    if not folder.exists():
        export(repository, commit, folder)
    return folder


def git_repository(rules):
    """The clone that Snakemake keeps of a hosting site's repository, or the local one of a ``git+file:`` address."""
    from git import Repo

    return Repo(rules.repo_path) if hasattr(rules, "repo_path") else rules.hosted_repo.repo


def export(repository, commit, folder):
    """Write the files of a commit, whole or not at all: jobs of another Snakemake may be waiting for them."""
    import io
    import tarfile
    import tempfile

    folder.parent.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    repository.archive(content, commit)
    content.seek(0)
    with tempfile.TemporaryDirectory(dir=folder.parent) as aside, tarfile.open(fileobj=content) as archive:
        archive.extractall(aside, filter="data")
        try:
            Path(aside).rename(folder)
        except OSError:
            if not folder.exists():  # another Snakemake was first
                raise


SOURCE = folder_of_project(workflow.current_basedir)
if str(SOURCE / "src") not in sys.path:
    sys.path.insert(0, str(SOURCE / "src"))
