"""Doors of programs: by which options, subcommands and words they do what their names do not say. Tables only.

Whoever allows `git` or `sort` means their everyday use. What makes such a program run another one, write where nobody
sees it, fetch its code from elsewhere, or take it from its input, stands here.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from extensions.coder.builders import CARGO, GIT

AWKS = frozenset({"awk", "gawk", "mawk", "nawk"})
SEDS = frozenset({"sed", "gsed"})
COMPILERS = frozenset({"gcc", "g++", "cc", "c++", "clang", "clang++"})
CONTAINERS = frozenset({"docker", "docker-compose", "podman", "podman-compose", "nerdctl"})

OPEN = frozenset({
    # editors, debuggers, consoles
    "vim", "vi", "nvim", "view", "ex", "ed", "emacs", "emacsclient", "nano", "pico", "gdb", "lldb", "expect", "screen",
    "tmux", "script", "sqlite3", "psql", "mysql", "mariadb", "ftp", "telnet", "busybox", "toybox", "dc", "m4", "R",
    "ghci", "iex", "irb", "pry", "ipython", "jshell", "guile", "octave", "socat",
    # what starts whatever the further words, a file or the input say
    "strace", "ltrace", "perf", "valgrind", "flock", "taskset", "chrt", "setarch", "linux32", "linux64", "unshare",
    "nsenter", "chroot", "runuser", "su", "pkexec", "sg", "unbuffer", "chronic", "caffeinate", "fakeroot", "xvfb-run",
    "proxychains", "torify", "catchsegv", "eatmydata", "rlwrap", "numactl", "cpulimit", "systemd-run", "hyperfine",
    "ansible", "ansible-console", "ansible-pull",
    "parallel", "entr", "watchexec", "nodemon", "concurrently", "npm-run-all", "cross-env", "dotenv", "direnv", "at",
    "batch", "crontab", "start-stop-daemon", "dbus-launch", "fzf", "act", "csplit", "sponge", "pee",
    "bwrap", "firejail", "cgexec", "prlimit", "choom", "setpriv", "capsh", "run-parts", "torsocks", "dbus-run-session",
    "xterm", "tclsh", "wish", "newgrp", "ld.so", "ld-linux-x86-64.so.2", "dtach", "abduco", "nsjail",
    "daemonize", "faketime", "ld-linux-aarch64.so.1",
})  # fmt: skip
"""Programs in which, or by which, one can start any other: none of their calls is an everyday one."""

SCRIPTED = MappingProxyType({
    "python": frozenset({"-W", "-X", "--check-hash-based-pycs"}), "pypy": frozenset({"-W", "-X"}),
    "node": frozenset({"--conditions", "-C"}), "perl": frozenset(), "ruby": frozenset(), "php": frozenset(),
    "lua": frozenset(), "Rscript": frozenset(), "osascript": frozenset(), "julia": frozenset(), "swift": frozenset(),
    "ts-node": frozenset({"-P", "--project", "-O"}), "tsx": frozenset({"--tsconfig"}), "elixir": frozenset(),
    "groovy": frozenset(), "scala": frozenset(), "runghc": frozenset(),
})  # fmt: skip
"""Interpreters: without a file they run what comes in. And those of their options that take a value."""

MODULES = frozenset({
    "pytest", "unittest", "doctest", "mypy", "ruff", "black", "flake8", "isort", "pylint", "pyflakes", "coverage",
    "tox", "nox", "json.tool", "compileall", "py_compile", "tabnanny", "this", "pyright", "pip", "venv",
})  # fmt: skip
"""What `python -m` may be told where the allow list says only `python`; some of it has a table of its own."""

RUNNERS = MappingProxyType({
    "uv": ("run",), "poetry": ("run",), "pipenv": ("run",), "pdm": ("run",), "rye": ("run",), "hatch": ("run",),
    "bundle": ("exec",), "npm": ("exec", "x"), "pnpm": ("exec",), "yarn": ("exec",), "bun": ("x",), "conda": ("run",),
    "mamba": ("run",), "stack": ("exec",), "cabal": ("exec",),
})  # fmt: skip
"""Subcommands whose further words are a program of the project's environment."""

RUNNER_FLAGS = frozenset(
    {"-q", "--quiet", "-v", "--verbose", "--frozen", "--locked", "--no-sync", "--all-extras", "--"}
)
"""Options of runners that change nothing about what is run."""

TOOLS = MODULES - {"pip", "venv"} | {
    "python", "python3", "eslint", "prettier", "tsc", "jest", "vitest", "mocha", "rspec", "rubocop", "rake", "rails",
    "pre-commit", "alembic", "sphinx-build", "mkdocs", "uvicorn",
}  # fmt: skip
"""What a project's environment is there for: whoever lets a runner run means them."""

VALUED = MappingProxyType({
    "git": frozenset({"-C", "-c", "--git-dir", "--work-tree", "--namespace"}),
    "npm": frozenset({"--prefix", "-C", "--workspace", "-w"}),
    "docker": frozenset({"-H", "--host", "--context", "--config"}),
    "kubectl": frozenset({"-n", "--namespace", "--context"}),
    "make": frozenset({"-C", "--directory", "-f", "--file", "--makefile"}),
    "go": frozenset({"-C"}), "cargo": frozenset({"-C", "-Z", "--config", "--color"}),
    "pip": frozenset({"--python", "--log", "--proxy"}), "uv": frozenset({"--directory", "--project"}),
    "poetry": frozenset({"-C", "--directory", "-P", "--project"}), "pnpm": frozenset({"-C", "--dir", "--filter", "-F"}),
    "mvn": frozenset({"-pl", "--projects", "-f", "--file", "-s", "--settings", "-P", "-rf", "-T"}),
    "gradle": frozenset({"-p", "--project-dir", "-x", "--exclude-task", "-b", "-c", "-I", "--tests"}),
    "yarn": frozenset({"--cwd"}), "flask": frozenset({"--app", "-A", "--env-file", "-e"}),
    "uniq": frozenset({"-f", "-s", "-w"}),
    "xxd": frozenset({"-c", "-cols", "-g", "-l", "-len", "-s", "-seek", "-o", "-n", "-R"}),
    **dict.fromkeys(AWKS, frozenset({"-v", "-F", "--assign", "--field-separator"})),
})  # fmt: skip
"""Options before a subcommand, or a program's text, that take a value."""

_PROJECT = ("--script-shell", "--node-options", "--config.script-shell", "--shell", "--userconfig", "--globalconfig")
_NODE = ("-e", "--eval", "-p", "--print", "-r", "--require", "--import", "--loader", "-i", "--interactive")

OPTIONS = MappingProxyType({
    "git": ("--upload-pack", "--receive-pack", "--ext-diff", "--textconv", "--open-files-in-pager", "--exec",
            "--output", "--output-directory", "--template", "--config", "--remote", "--edit", "--separate-git-dir"),
    "find": ("-delete", "-fprint", "-fprintf", "-fprint0", "-fls"),
    "fd": ("-x", "-X", "--exec", "--exec-batch"),
    "rg": ("--pre", "--hostname-bin"), "ag": ("--pager",), "ack": ("--pager", "--ackrc"), "bat": ("--pager",),
    "tar": ("--to-command", "--checkpoint-action", "-I", "--use-compress-program", "--rsh-command", "-F",
            "--info-script", "--new-volume-script", "--rmt-command", "--index-file", "--absolute-names", "-P"),
    "sort": ("--compress-program", "-o", "--output"), "split": ("--filter",),
    "ssh": ("-o", "-F", "-J", "-E", "-S", "-L", "-R", "-D", "-W"), "scp": ("-o", "-F", "-S"),
    "sftp": ("-o", "-F", "-S", "-b", "-D"), "rsync": ("-e", "--rsh", "--rsync-path"),
    "wget": ("-O", "--output-document", "--post-file", "--post-data", "--use-askpass", "-e", "--execute", "-i",
             "--input-file", "--config"),
    "python": ("-c", "-i"), "pypy": ("-c", "-i"),
    "node": (*_NODE, "--experimental-loader", "--env-file", "--inspect", "--inspect-brk", "--openssl-config",
             "--redirect-warnings"),
    "ts-node": _NODE, "tsx": _NODE, "bun": (*_NODE, "--preload", "--config", "--env-file", "-c"),
    "perl": ("-e", "-E", "-i", "-M", "-m", "-I", "-d"), "ruby": ("-e", "-i", "-r", "-I"),
    "php": ("-r", "-S", "-B", "-R", "-E", "-d", "-a"), "lua": ("-e", "-l", "-i"), "Rscript": ("-e",),
    "julia": ("-e", "-E", "--eval", "--print", "-L", "--load", "-i"), "elixir": ("-e", "--eval", "-r", "-S"),
    "groovy": ("-e",), "scala": ("-e",), "ghc": ("-e", "--interactive"), "swift": ("-e",),
    "make": ("--eval", "-E", "-I", "--include-dir"),
    "npm": (*_PROJECT, "--git", "--browser", "--viewer", "--editor", "--registry", "--node-gyp",
            "--init-module", "--onload-script"),
    "npx": ("-c", "--call", "-p", "--package"), "pnpm": (*_PROJECT, "-c", "--shell-mode"),
    "yarn": (*_PROJECT, "--use-yarnrc", "--registry"),
    "less": ("+", "-o", "-O", "--log-file", "-k", "--lesskey-file", "--lesskey-src"),
    "man": ("-P", "--pager", "-H", "--html", "-C", "--config-file"), "zip": ("-T", "-TT", "--unzip-command"),
    "time": ("-o", "--output"), "set": ("-k", "keyword", "history", "histexpand"), "jobs": ("-x",),
    "printf": ("-v",), "enable": ("-f",), "hash": ("-p",), "mapfile": ("-C",), "readarray": ("-C",),
    "date": ("-s", "--set"), "nc": ("-e", "-c", "--exec", "--sh-exec"), "ncat": ("-e", "-c", "--exec", "--sh-exec"),
    "kubectl": ("--kubeconfig",), "pandoc": ("-F", "--filter", "-L", "--lua-filter"), "tox": ("-x", "--override"),
    "mypy": ("--python-executable", "--install-types"), "pytest": ("--basetemp", "--pastebin"),
    "pip": ("--python", "-i", "--index-url", "--extra-index-url", "--trusted-host", "-f", "--find-links", "--proxy",
            "-t", "--target", "--prefix", "--root", "--src", "--global-option", "--config-settings", "-C"),
    "shuf": ("-o", "--output"), "tree": ("-o", "-R"), "iconv": ("-o", "--output"), "file": ("-C", "--compile"),
    "yq": ("-i", "--inplace", "-s", "--split-exp"), "patch": ("-o", "--output"), "xmllint": ("--output", "--shell"),
    "xsltproc": ("-o", "--output"), "ctags": ("--options",),
    **dict.fromkeys(CONTAINERS, ("-H", "--host", "--context", "--config")),
    **dict.fromkeys(AWKS, ("--file", "--include", "--load", "--source", "--exec", "--pretty-print", "--dump-variables",
                           "--profile", "--debug")),
})  # fmt: skip
"""Options by which a program runs or writes what its name does not say. An allow entry that names one allows it."""

_COMPILER = re.compile(
    r"-wrapper|-B.*|-fplugin.*|-fpass-plugin.*|--?specs.*|-Xclang|-load|--config.*|-no-integrated-cpp|@.*|-fuse-ld=/.*"
)
PATTERNS = MappingProxyType({
    "go": re.compile(r"--?(exec|toolexec|vettool|overlay|modfile|pkgdir|gccgoflags|compiler|http)(=.*)?|.*-extld.*"),
    "cargo": re.compile(r"--config(=.*)?|-Z.*|.*linker=.*|--runtool.*|--test-runtool.*|--test-runner.*"),
    "rustc": re.compile(r".*linker=.*|@.*"), "ghc": re.compile(r"-pgm.*|-F"),
    "java": re.compile(r"-(javaagent|agentlib|agentpath|Xrun).*|-XX:On.*|@.*"),
    "javac": re.compile(r"-J.*|@.*|--?processor.*|-Xplugin.*"),
    "openssl": re.compile(r"-(out|keyout|engine|provider|provider-path)"),
    **dict.fromkeys(COMPILERS, _COMPILER),
})  # fmt: skip
"""Likewise words, where those of the program are no options as others have them."""

MILD = frozenset({
    "pytest", "mypy", "pip", "tox", "shuf", "tree", "iconv", "file", "yq", "patch", "xmllint", "xsltproc", "ctags",
    "openssl", "java", "javac", "rustc", "ghc", "pandoc", "split", "bat", *COMPILERS, *CONTAINERS,
})  # fmt: skip
"""Programs of which a word that only the shell knows is not taken for one of these options."""

ANY_DASHES = frozenset({"npm", "npx", "pnpm", "pnpx"})
"""Programs that take a long option behind one dash, or three, too."""

LONG_SAFE = MappingProxyType({"git": frozenset({"--text", "--exclude"}), "pip": frozenset({"--pre"})})
"""Options of their own that are also the beginnings of some above."""

GIT_OWN = frozenset({
    "-C", "-p", "-P", "--paginate", "--no-pager", "--no-replace-objects", "--literal-pathspecs", "--glob-pathspecs",
    "--noglob-pathspecs", "--icase-pathspecs", "--no-optional-locks", "--no-lazy-fetch", "--no-advice", "--namespace",
    "--version", "--help", "-v", "-h", "--html-path", "--man-path", "--info-path",
})  # fmt: skip
"""Options of git itself, before its subcommand, that change nothing about what is run."""

STRATEGIES = frozenset({"ort", "recursive", "resolve", "octopus", "ours", "theirs", "subtree"})
"""git's ways to merge: any other is a program."""

_CONTAINER = frozenset({"run", "exec", "cp", "create", "attach", "plugin", "save", "export", "commit", "swarm"})
_ACCOUNT = frozenset({"login", "logout", "adduser", "add-user", "publish", "unpublish", "token", "owner", "access"})

SUBCOMMANDS = MappingProxyType({
    "git": frozenset({
        "submodule", "bisect", "filter-branch", "filter-repo", "difftool", "mergetool", "hook", "daemon", "instaweb",
        "send-email", "credential", "config", "maintenance", "replace", "svn", "p4", "cvsserver", "cvsimport", "shell",
        "upload-pack", "receive-pack", "upload-archive", "web--browse", "interpret-trailers", "mailsplit", "mailinfo",
        "fast-export", "fast-import", "bundle", "checkout-index", "worktree", "update-index", "am", "apply", "gui",
        "citool", "remote-ext", "remote-fd", "lfs", "sparse-checkout", "merge-index", "merge-one-file", "merge-file",
        "for-each-repo", "credential-store", "credential-cache", "diagnose", "bugreport", "scalar", "imap-send",
        "quiltimport", "subtree", "cvsexportcommit", "archimport", "http-backend", "http-fetch", "http-push",
        "send-pack", "symbolic-ref", "update-ref",
        "remote-http", "remote-https", "remote-ftp", "pack-objects", "index-pack", "unpack-file", "jump", "gitk",
    }),
    "npm": _ACCOUNT | {"exec", "x", "explore", "init", "innit", "create", "config", "c", "set", "edit", "pkg",
                       "set-script", "hook"},
    "pnpm": _ACCOUNT | {"exec", "dlx", "create", "config", "node", "env", "set", "pkg"},
    "yarn": _ACCOUNT | {"dlx", "exec", "create", "config", "node", "set", "plugin", "global"},
    "bun": frozenset({"x", "exec", "repl", "create", "c", "init", "upgrade", "publish"}),
    "deno": frozenset({"eval", "run", "repl", "install", "i", "compile", "upgrade", "jupyter", "serve", "x", "add"}),
    "uv": frozenset({"run", "tool", "pip", "publish", "self"}), "bundle": frozenset({"exec", "config", "plugin"}),
    **dict.fromkeys(("poetry", "pipenv", "pdm", "rye", "hatch", "conda", "mamba"), frozenset({"run", "config"})),
    "go": frozenset({"run", "generate", "install", "get", "tool", "env", "fix", "bug", "mod edit", "work edit",
                     "work use", "telemetry"}),
    "pip": frozenset({"config", "install", "download", "wheel"}),
    "cargo": frozenset({"run", "r", "install", "login", "publish", "owner", "yank", "script", "eval"}),
    "kubectl": frozenset({"exec", "cp", "edit", "run", "debug", "attach", "config", "port-forward", "proxy"}),
    "gh": frozenset({"alias", "extension", "api", "config", "secret", "auth", "codespace", "cs", "ssh-key", "gpg-key",
                     "gist"}),
    "ip": frozenset({"netns", "vrf"}), "openssl": frozenset({"engine"}),
    "stack": frozenset({"exec", "runghc", "ghci", "script", "eval"}),
    "cabal": frozenset({"exec", "run", "repl"}), "mix": frozenset({"run", "eval", "cmd"}),
    "zig": frozenset({"run"}), "swift": frozenset({"repl", "run"}), "flask": frozenset({"shell"}),
    "django-admin": frozenset({"shell", "dbshell"}), "xargo": frozenset({"run"}),
    **dict.fromkeys(CONTAINERS, _CONTAINER),
})  # fmt: skip
"""Likewise subcommands, of one or two words."""

ANYWHERE = frozenset({*CONTAINERS, "yarn", "pnpm"})
"""Programs whose subcommands have subcommands behind options of their own: any operand may be the one."""

WHOLE = MappingProxyType({
    "npm": frozenset({
        "audit", "bin", "bugs", "cache", "ci", "clean-install", "dedupe", "ddp", "diff", "dist-tag", "docs", "doctor",
        "explain", "find-dupes", "fund", "help", "help-search", "home", "i", "in", "ins", "inst", "install", "add",
        "install-test", "it", "cit", "install-ci-test", "link", "ln", "list", "ls", "la", "ll", "outdated", "pack",
        "ping", "prefix", "profile", "prune", "query", "rebuild", "rb", "repo", "restart", "root", "run", "run-script",
        "rum", "urn", "sbom", "search", "s", "se", "find", "shrinkwrap", "star", "stars", "start", "stop", "t", "tst",
        "test", "un", "uninstall", "unlink", "remove", "rm", "r", "up", "update", "upgrade", "v", "version", "view",
        "info", "show", "why", "whoami", "get", "completion", "deprecate", "org", "team", *SUBCOMMANDS["npm"],
    }),
    "git": GIT | SUBCOMMANDS["git"], "cargo": CARGO | SUBCOMMANDS["cargo"],
    "deno": frozenset({
        "test", "lint", "fmt", "check", "info", "doc", "bench", "task", "cache", "types", "coverage", "outdated",
        "help", *SUBCOMMANDS["deno"],
    }),
})  # fmt: skip
"""Programs that take shortened subcommands, or files in their place: what is none of these may be any of them."""

WITH_SUBCOMMAND = MappingProxyType({
    ("git", "clone"): ("-u", "-c"), ("git", "rebase"): ("-x", "-i", "--interactive"), ("git", "archive"): ("-o",),
    ("git", "format-patch"): ("-o",), ("git", "help"): ("-w", "-i", "--web", "--info"), ("git", "remote"): ("-u",),
    ("git", "grep"): ("-O",), ("deno", "task"): ("--eval",), ("deno", "test"): ("--preload",),
})  # fmt: skip
"""Options that are risky with one subcommand, and something else with others."""

ONLY_READS = MappingProxyType({
    "git": re.compile(
        r"config( --(global|local|system|worktree|show-origin|show-scope|null|name-only))*"
        r"( (--get|--get-all|--get-regexp|get) [^-\s]\S*|( --list| -l)| (?!edit$)[^-\s]\S*)"
        r"|worktree list( --porcelain)?|submodule (status|summary)( --(cached|recursive))*|bisect log"
        r"|sparse-checkout list|apply --(check|stat|numstat|summary) [^-\s]\S*|lfs (ls-files|status)"
        r"|symbolic-ref( (--short|--quiet|-q))* [\w@][\w./-]*( --short)?"
        r"|bundle verify [^-\s]\S*|config( --local)? user\.(name|email)( (?!-)\S+)+"
    ),
    "npm": re.compile(r"(config|c) (get|list|ls)( [\w.:@/-]+)*|pkg get( [\w.-]+)*|owner ls( \S+)?|init (-y|--yes)"),
    "pnpm": re.compile(r"config (get|list)( [\w.:@/-]+)*"), "yarn": re.compile(r"config (get|list|current)( [\w.-]+)*"),
    "go": re.compile(
        r"env( -json)?( [A-Z0-9_]+)*|tool cover (-func=[\w./-]+|-html=[\w./-]+ -o[ =][\w./-]+)"
    ),
    "uv": re.compile(r"(pip (list|show|freeze|check|tree)|tool list)( [\w.:=-]+)*"),
    "pip": re.compile(r"config (list|debug|get [\w.-]+)"), "poetry": re.compile(r"config --list"),
    "kubectl": re.compile(r"config (view|get-contexts|current-context|get-clusters|get-users)"),
    "gh": re.compile(r"auth status|(config|alias|extension|secret|ssh-key|gpg-key|gist) (list|get [\w.-]+)"),
})  # fmt: skip
"""Calls whose subcommand is risky, and which only look, or say who writes, or what the project is called."""

LOOKS = frozenset({
    "cd", "pushd", "popd", "dirs", "pwd", "echo", "printf", "ls", "tree", "cat", "head", "tail", "wc", "grep", "egrep",
    "fgrep", "rg", "find", "fd", "stat", "file", "du", "df", "realpath", "readlink", "basename", "dirname", "which",
    "type",
    "test", "[", "true", "false", ":", "sleep", "wait", "exit", "export", "set", "unset", "read", "date", "diff", "cmp",
    "sort", "uniq", "cut", "tr", "nl", "md5sum", "sha256sum",
})  # fmt: skip
"""Programs that do the same wherever they work: they take no code from their folder, and write nothing in it."""

PLACES = MappingProxyType({
    "go": ("-C", "-o", "-coverprofile", "-cpuprofile", "-memprofile", "-blockprofile", "-mutexprofile", "-trace",
           "-outputdir"),
    "cargo": ("-C", "--target-dir", "--out-dir", "--artifact-dir", "--manifest-path"), "rustc": ("-o", "--out-dir"),
    "javac": ("-d",), "pytest": ("--junitxml", "--junit-xml", "--log-file"), "tsc": ("--outDir", "--outFile"),
    "mypy": ("--junit-xml", "--html-report", "--cache-dir"), "pip": ("--log", "--report", "--cache-dir"),
    "eslint": ("-o", "--output-file", "--rulesdir", "--resolve-plugins-relative-to"), "prettier": ("--plugin",),
    "npm": ("--cache", "--prefix", "-C"),
    "pnpm": ("-C", "--dir"), "yarn": ("--cwd",), "bun": ("--cwd",), "nox": ("-f", "--noxfile"),
    "tox": ("-c", "--workdir"), "uv": ("--directory", "--project"), "mocha": ("-r", "--require"),
    "poetry": ("-C", "--directory", "-P", "--project"), "ctags": ("-f", "-o"), "pandoc": ("-o", "--output"),
    **dict.fromkeys(COMPILERS, ("-o",)),
})  # fmt: skip
"""Options whose value is a place that is written to, or from which code is taken: it must not be elsewhere."""

FETCHES = MappingProxyType({
    "pip": frozenset({"install"}), "npm": frozenset({"install", "i", "add", "link", "ln", "it", "install-test"}),
    "pnpm": frozenset({"install", "i", "add", "link"}), "yarn": frozenset({"add", "link"}),
    "bun": frozenset({"install", "i", "add", "a", "link"}), "cargo": frozenset({"add"}),
    **dict.fromkeys(("conda", "mamba"), frozenset({"install", "create", "env", "update"})),
})  # fmt: skip
"""Subcommands that install: from the registry, or what is in the workspace."""
