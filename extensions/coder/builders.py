"""Doors of what builds, tests and installs: tables only, as in `doors`.

Such programs run the project's code anyway. What makes them run another's, or a program by its name, stands here.
"""

from __future__ import annotations

import re
from types import MappingProxyType

_GRADLE = re.compile(
    r"-I|--init-script(=.*)?|-b|--build-file(=.*)?|-c|--settings-file(=.*)?|--include-build(=.*)?|-Dorg\.gradle\..*"
)
_MAVEN = re.compile(
    r"(exec|antrun|groovy|gmavenplus|shell):.*|[\w.-]+:[\w-]+:.*|-g?s|--(global-)?settings(=.*)?|-t|--toolchains(=.*)?"
    r"|-D(exec\.|jvm=|maven\.ext\.).*"
)
_BAZEL = re.compile(
    r"--(\w*bazelrc|run_under|workspace_status_command|\w*shell_executable|host_jvm_args|override_\w+|output_\w+"
    r"|symlink_prefix|package_path|\w*crosstool_top|extra_toolchains|registry)(=.*)?"
)
_JEST = re.compile(
    r"--(global(Setup|Teardown)|testRunner|runner|setupFiles\w*|transform|resolver|snapshotResolver|filter)(=.*)?"
    r"|(--config=)?\{.*",
    re.DOTALL,
)
_IMAGES = re.compile(r"(.*:)?\|.*|(msl|mvg|ephemeral):.*|@.*", re.DOTALL)

WORDS = MappingProxyType({
    **dict.fromkeys(("gradle", "gradlew"), _GRADLE), **dict.fromkeys(("mvn", "mvnw"), _MAVEN),
    **dict.fromkeys(("bazel", "bazelisk"), _BAZEL), **dict.fromkeys(("jest", "vitest"), _JEST),
    **dict.fromkeys(("convert", "magick", "identify", "mogrify", "montage"), _IMAGES),
    "rake": re.compile(r"-[a-zA-Z]*[eEpfrIR].*|--(execute|rakefile|require|libdir|rakelibdir).*"),
    "dotnet": re.compile(r".*\.(dll|exe|csx)|@.*"),
    "cmake": re.compile(
        r"-[EPC]|-C.+|--(install|open)|--toolchain(=.*)?|\.?SHELL\w*=.*"
        r"|-DCMAKE_\w*(COMPILER|LAUNCHER|LINKER|TOOLCHAIN|INCLUDE|RULE|PROGRAM|MODULE)\w*(:\w+)?=.*/.*"
    ),
    "ctest": re.compile(r"-SP?|--(script\S*|build-and-test|build-makeprogram)"), "ninja": re.compile(r"-f.*"),
    "meson": re.compile(r"--(native-file|cross-file|ninja-args|vs-args|xcode-args|wrapper|wrap|gdb-path)(=.*)?"),
    "just": re.compile(r"-[cfed].*|--(command|shell|justfile|edit|choose|init|set|working-directory|dotenv-path).*"),
    "task": re.compile(r"-[tdgi]|--(taskfile|dir|global|init)(=.*)?"),
    "gulp": re.compile(r"-f|--(gulpfile|require|preload|cwd)(=.*)?"),
    "grunt": re.compile(r"--(gruntfile|base|tasks|npm|require|preload)(=.*)?"),
    "mocha": re.compile(r"--(node-option|loader|import|experimental-loader)(=.*)?|-n"),
    "npm": re.compile(r"-+prefi(=.*)?|(-|---+)prefix(=.*)?|-C.+"),  # elsewhere by a link, in spellings nobody follows
    "lerna": re.compile(r"--npm-client(=.*)?"), "pytest": re.compile(r"--(tx|px|rsyncdir|pdbcls)(=.*)?"),
    "stack": re.compile(r"--(exec|with-ghc|with-gcc)(=.*)?"),
    "julia": re.compile(r"-J.*|--(sysimage|bind-to|project=[/~].*)(=.*)?"),
    "cabal": re.compile(r"-w.*|--with-.*|--\w+-executable.*"),
    "rsync": re.compile(r"-M.*|--(remote-option|daemon|config|log-file|(only-)?write-batch|backup-dir|temp-dir)(=.*)?"),
    "tcpdump": re.compile(r"-[zw].*"),
    "ctags": re.compile(r"--(_.*|options.*)"), "ip": re.compile(r"-b|-batch"),
    "helm": re.compile(r"--(post-renderer|kubeconfig|repository-config|registry-config)\S*"),
    **dict.fromkeys(("terraform", "tofu"), re.compile(r"--?plugin-dir(=.*)?")),
    **dict.fromkeys(("apt", "apt-get", "aptitude"), re.compile(r"-o.*|--option(=.*)?|-c.*|--config-file(=.*)?")),
    "systemctl": re.compile(r"-[HM].*|--(host|machine|root)(=.*)?"),
    "openssl": re.compile(r"-config|-openssl_conf"), "composer": re.compile(r"--(no-)?plugins?=.*"),
    "node": re.compile(
        r"--(experimental-(sea-config|config-file|default-config-file)|test-(global-setup|reporter-destination)"
        r"|snapshot-blob|build-snapshot\S*|env-file-if-exists|heapsnapshot\S*|diagnostic-dir|report-dir\S*)(=.*)?"
        r"|--test-reporter=(\.|/|data:|file:).*"
    ),
})  # fmt: skip
"""Words by which these run what is not the project's, or a program by its name."""

COMMANDS = MappingProxyType({
    "rails": frozenset({"runner", "r", "console", "c", "dbconsole", "db", "new", "plugin", "app:template",
                        "credentials:edit", "encrypted:edit", "secrets:edit"}),
    "composer": frozenset({"exec", "global", "config", "create-project", "init", "self-update"}),
    "dotnet": frozenset({"run", "exec", "script", "fsi", "tool", "new", "nuget", "watch", "dev-certs"}),
    **dict.fromkeys(("bazel", "bazelisk"), frozenset({"run", "mobile-install"})), "meson": frozenset({"devenv"}),
    "nx": frozenset({"exec"}), "lerna": frozenset({"exec"}), "helm": frozenset({"plugin"}),
    "pre-commit": frozenset({"try-repo", "install", "autoupdate", "init-templatedir"}),
    "tox": frozenset({"exec", "e", "devenv"}), "mix": frozenset({"do", "archive.install", "escript.install"}),
    "stack": frozenset({"ghc"}), "pipenv": frozenset({"shell"}), "poetry": frozenset({"shell", "self"}),
    "cabal": frozenset(f"{way}-{what}" for way in ("v1", "v2", "new") for what in ("exec", "run", "repl", "install")),
    "hatch": frozenset({"shell", "env"}), "rustup": frozenset({"run", "toolchain link", "self"}),
    "swift": frozenset({"package plugin"}), "django-admin": frozenset({"shell_plus", "startproject"}),
    "systemctl": frozenset({"edit", "link", "set-environment", "import-environment"}),
    "brew": frozenset({"sh", "ruby", "irb", "edit", "exec", "bundle", "create", "tap", "prof"}),
    "cargo": frozenset({"watch", "generate", "binstall", "miri", "make"}), "npm": frozenset(), "git": frozenset(),
})  # fmt: skip
"""Likewise subcommands, of one or two words."""

CODE = frozenset({
    "gradle", "gradlew", "mvn", "mvnw", "jest", "vitest", "rake", "rails", "dotnet", "cmake", "ctest", "ninja", "meson",
    "just", "task", "gulp", "grunt", "mocha", "lerna", "nx", "turbo", "pytest", "unittest", "tox", "nox", "coverage",
    "stack", "cabal", "ctags", "helm", "terraform", "tofu", "composer", "pre-commit", "mix", "rustup", "swift", "zig",
    "cargo", "go", "make", "alembic", "flask", "django-admin", "mypy", "ruff", "black", "isort", "pylint", "eslint",
    "prettier", "tsc", "webpack", "vite", "rollup", "esbuild", "java", "javac", "ansible-playbook", "rspec", "rubocop",
    "phpunit", "venv",
})  # fmt: skip
"""Programs that take code, or what steers it, from the files and folders that they are told."""

VALUED = frozenset({
    "-k", "-m", "-t", "-run", "-bench", "-skip", "-g", "--grep", "--filter", "--tests", "--testNamePattern", "--base",
})  # fmt: skip
"""Options of theirs whose value is a pattern or an address, and no place."""

GIT = frozenset({
    "add", "annotate", "archive", "blame", "branch", "cat-file", "check-attr", "check-ignore", "check-mailmap",
    "check-ref-format", "checkout", "cherry", "cherry-pick", "clean", "clone", "column", "commit", "commit-graph",
    "commit-tree", "config", "count-objects", "describe", "diff", "diff-files", "diff-index", "diff-tree",
    "fetch", "fetch-pack", "fmt-merge-msg", "for-each-ref", "format-patch", "fsck", "gc", "get-tar-commit-id",
    "grep", "hash-object", "help", "init", "init-db", "log", "ls-files", "ls-remote", "ls-tree",
    "merge", "merge-base", "merge-tree", "mktag", "mktree", "multi-pack-index", "mv", "name-rev", "notes", "pack-refs",
    "patch-id", "prune", "prune-packed", "pull", "push", "range-diff", "read-tree", "rebase", "reflog", "remote",
    "repack", "request-pull", "rerere", "reset", "restore", "rev-list", "rev-parse", "revert", "rm", "shortlog",
    "show", "show-branch", "show-index", "show-ref", "stage", "stash", "status", "stripspace", "switch",
    "symbolic-ref", "tag", "unpack-objects", "update-ref", "update-server-info", "var", "verify-commit",
    "verify-pack", "verify-tag", "version", "whatchanged", "write-tree",
})  # fmt: skip
"""Subcommands of git that are git's own; another is an alias, or a program."""

CARGO = frozenset({
    "add", "audit", "b", "bench", "build", "c", "check", "clean", "clippy", "config", "d", "deny", "doc",
    "expand", "fetch", "fix", "fmt", "generate-lockfile", "help", "info", "init", "llvm-cov", "locate-project",
    "machete", "metadata", "new", "nextest", "outdated", "owner", "package", "pkgid", "read-manifest", "remove",
    "report", "rm", "rustc", "rustdoc", "search", "sort", "t", "test", "tree", "udeps", "uninstall", "update",
    "vendor", "verify-project", "version",
})  # fmt: skip
"""Likewise of cargo, and those that everybody has."""
