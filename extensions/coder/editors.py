"""Programs that edit files, told by their names, subcommands and options. Tables only; what is not here edits none."""

from __future__ import annotations

import re
from types import MappingProxyType

ALWAYS = frozenset({
    # POSIX and its company
    "rm", "rmdir", "unlink", "shred", "mv", "cp", "touch", "mkdir", "chmod", "chown", "chgrp", "chattr", "setfacl",
    "ln",
    "link", "install", "patch", "truncate", "dd", "mkfifo", "mknod", "rsync", "scp", "sftp", "split", "csplit",
    "rename",
    "ed", "ex", "vi", "vim", "nvim", "nano", "emacs", "pico", "sponge", "fallocate", "trash", "trash-put", "cpio",
    "unrar", "crontab", "at", "script", "mkswap", "mount", "umount", "useradd", "usermod", "userdel", "dos2unix",
    "unix2dos", "aria2c", "autopep8", "ctags", "ssh-keygen", "apt-key", "update-alternatives", "xattr", "ditto",
    # Windows and PowerShell
    "del", "erase", "rd", "md", "move", "copy", "xcopy", "robocopy", "ren", "attrib", "icacls", "takeown", "mklink",
    "set-content", "sc", "add-content", "ac", "clear-content", "clc", "out-file", "new-item", "ni", "set-item", "si",
    "remove-item", "ri", "move-item", "mi", "copy-item", "cpi", "rename-item", "rni", "clear-item", "cli",
    "set-itemproperty", "sp", "new-itemproperty", "remove-itemproperty", "rp", "clear-itemproperty", "clp",
    "rename-itemproperty", "rnp", "copy-itemproperty", "cpp", "move-itemproperty", "mp", "set-acl", "export-csv",
    "epcsv",
    "export-clixml", "tee-object", "expand-archive", "compress-archive", "start-transcript", "install-module",
    "install-package", "uninstall-module", "uninstall-package", "update-module", "save-module", "install-script",
    "invoke-expression", "iex", "add-type", "new-psdrive", "start-bitstransfer",
})  # fmt: skip
"""By whatever words: they have no other use."""

_PACKAGES = frozenset({"install", "uninstall", "remove", "update", "upgrade", "add", "reinstall"})
_APT = _PACKAGES | {"purge", "autoremove", "full-upgrade", "dist-upgrade", "build-dep", "source", "download", "clean"}
_NPM = _PACKAGES | {
    "i", "in", "ins", "isntall", "ci", "clean-install", "un", "unlink", "rm", "r", "up", "udpate", "dedupe", "ddp",
    "prune",
    "link", "ln", "init", "create", "innit", "rebuild", "rb", "shrinkwrap", "version", "pack", "set", "edit", "patch",
    "patch-commit", "import", "install-test", "it", "install-ci-test", "cit", "dlx", "unplug", "autoclean",
    "upgrade-interactive",
    "fetch", "deploy", "publish", "fix",
}  # fmt: skip
_PIP = frozenset({"install", "uninstall", "download", "wheel"})

SUBCOMMANDS = MappingProxyType({
    "npm": _NPM - {"fetch"}, "pnpm": _NPM, "yarn": _NPM, "bun": _NPM | {"a"},
    "pip": _PIP, "pipx": _PACKAGES | {"inject", "reinstall-all", "upgrade-all", "uninstall-all"},
    "pipenv": _PACKAGES | {"lock", "sync", "clean"}, "poetry": _PACKAGES | {"lock", "init", "new", "sync", "build"},
    "uv": _PACKAGES | {"sync", "lock", "init", "venv", "build"}, "pdm": _PACKAGES | {"lock", "sync", "init"},
    "conda": _PACKAGES | {"create", "clean", "rename"}, "mamba": _PACKAGES | {"create", "clean"},
    "brew": _PACKAGES | {"link", "unlink", "tap", "untap", "cleanup", "bundle", "pin", "unpin", "rm", "autoremove"},
    "port": _PACKAGES, "apt": _APT, "apt-get": _APT, "aptitude": _APT, "snap": _PACKAGES | {"refresh", "revert"},
    "yum": _PACKAGES | {"erase", "downgrade", "localinstall"}, "dnf": _PACKAGES | {"erase", "downgrade"},
    "zypper": _PACKAGES | {"in", "rm", "up", "dup"}, "apk": _PACKAGES | {"del", "fix"}, "flatpak": _PACKAGES,
    "choco": _PACKAGES, "scoop": _PACKAGES, "winget": _PACKAGES | {"import"}, "nuget": _PACKAGES | {"restore", "pack",
    "init"},
    "gem": _PACKAGES | {"cleanup", "pristine", "build", "unpack", "fetch"}, "bundle": _PACKAGES | {"init", "lock",
    "clean", "package"},
    "composer": _PACKAGES | {"require", "init", "create-project", "dump-autoload", "i", "u", "r", "req", "bump"},
    "cargo": _PACKAGES | {"rm", "fix", "new", "init", "generate-lockfile", "vendor", "package", "publish"},
    "go": frozenset({"install", "get", "generate", "fix", "fmt"}), "rustup": _PACKAGES | {"default", "toolchain",
    "target"},
    "dotnet": frozenset({"add", "remove", "new", "restore", "format", "publish", "pack"}), "mix": frozenset({"format",
    "deps.get", "new"}),
    "docker": frozenset({"cp"}), "nvm": _PACKAGES, "asdf": _PACKAGES, "deno": _PACKAGES | {"init", "fmt"},
    "dart": frozenset({"format", "fix", "create"}), "flutter": frozenset({"create"}), "luarocks": _PACKAGES,
    "cpan": _PACKAGES, "stack": frozenset({"install", "new", "init"}), "cabal": frozenset({"install", "init"}),
    "7z": frozenset({"a", "d", "e", "rn", "u", "x"}), "helm": _PACKAGES | {"create", "pull"},

})  # fmt: skip
"""The first operand of these says what is done: the ones named edit."""

SECOND = MappingProxyType({
    ("go", "mod"): frozenset({"tidy", "init", "edit", "vendor", "download"}),
    ("go", "work"): frozenset({"init", "use", "edit", "sync", "vendor"}),
    ("npm", "audit"): frozenset({"fix"}), ("npm", "config"): frozenset({"set", "delete", "edit", "fix"}),
    ("npm", "pkg"): frozenset({"set", "delete", "fix"}), ("pnpm", "audit"): frozenset({"--fix"}),
    ("yarn", "config"): frozenset({"set", "unset"}), ("yarn", "global"): _PACKAGES, ("pip",
    "config"): frozenset({"set", "unset", "edit"}),
    ("pip", "cache"): frozenset({"purge", "remove"}), ("uv", "pip"): _PIP | {"sync", "compile"}, ("uv",
    "tool"): _PACKAGES,
    ("dotnet", "tool"): _PACKAGES | {"restore"}, ("dotnet", "package"): _PACKAGES, ("dotnet",
    "nuget"): frozenset({"add", "remove", "push"}),
    ("dotnet", "sln"): frozenset({"add", "remove"}), ("bun", "pm"): frozenset({"trust", "cache"}), ("gh",
    "repo"): frozenset({"clone", "create", "fork"}),
    ("gh", "pr"): frozenset({"checkout"}), ("gh", "release"): frozenset({"download"}), ("gh",
    "run"): frozenset({"download"}),
    ("conda", "env"): frozenset({"create", "remove", "update"}),
    ("poetry", "self"): _PACKAGES, ("rustup", "component"): _PACKAGES, ("dart", "pub"): _PACKAGES | {"get"},
    ("flutter", "pub"): _PACKAGES | {"get"}, ("brew", "services"): frozenset({"start", "stop", "restart"}),
})  # fmt: skip
"""Likewise the second."""

RUNNERS = MappingProxyType({
    "npx": (), "bunx": (), "pnpx": (), "uvx": (), "npm": ("exec", "x"), "pnpm": ("exec",), "yarn": ("exec",),
    "bun": ("x",),
    "uv": ("run",), "poetry": ("run",), "pipenv": ("run",), "pdm": ("run",), "rye": ("run",), "hatch": ("run",),
    "pipx": ("run",),
    "bundle": ("exec",), "conda": ("run",), "mamba": ("run",), "strace": (), "busybox": (), "toybox": (),
    "unbuffer": (),
    "taskset": (), "chronic": (), "caffeinate": (), "chroot": (), "runuser": (), "flock": (), "parallel": (),
    "dotenv": (),
    "cross-env": (), "proxychains": (), "catchsegv": (), "valgrind": (), "setarch": (), "unshare": (), "nsenter": (),
    "start-process": (), "saps": (), "start": (), "ltrace": (), "eatmydata": (), "fakeroot": (), "systemd-run": (),
})  # fmt: skip
"""Programs (or their subcommands) whose further words are another program's, besides the launchers."""

BLOCKS = frozenset({"foreach-object", "%", "foreach", "where-object", "?", "invoke-command", "icm", "measure-command"})
"""PowerShell's commands that are given programs in braces."""

OPTIONS = MappingProxyType({
    "find": r"-delete|-fprint0?|-fprintf|-fls", "fd": r"-[xX].*|--exec.*", "rg": r"--pre(=.*)?",
    "sort": r"-[a-zA-Z]*o.*|--output.*|--compress-program.*", "perl": r"-[acflnpstTuUwW0-9]*i.*",
    "ruby": r"-[aclnpsw0-9]*i.*",
    "awk": r"--in-?place|inplace|--include=.*|-f.*|--file.*|-l.*|-[dopD].*|--(dump|pretty|profile|debug|load|exec).*|-[iE].*",  # noqa: E501  a pattern
    "sed": r"-[nErsuzl]*[iI].*|--in-place.*|-[nErsuz]*f.*|--file.*", "yq": r"-[a-zA-Z]*i.*|--in-?place",
    "jq": r"--in-?place",
    "prettier": r"-w|--write", "eslint": r"--fix.*|-o|--output-file.*|--init",
    "ruff": r"--fix|--fix-only|--unsafe-fixes",
    "biome": r"--write|--fix|--apply.*", "gofmt": r"-w.*", "goimports": r"-w.*", "clang-format": r"-i|--in-?place.*",
    "shfmt": r"-[a-z]*w.*|--write", "stylelint": r"--fix", "rubocop": r"-a|-A|--auto-?correct.*|-x",
    "golangci-lint": r"--fix",
    "tsc": r"--init", "cmake": r"-B.*|--install", "git": r"--ext-diff|--exec-path=.*|--config-env.*",
    "openssl": r"-out|-keyout", "xmllint": r"-o|--output", "iconv": r"-o.*|--output.*", "pandoc": r"-o.*|--output.*",
    "date": r"-s.*|--set.*", "less": r"-[oO].*|--log-file.*", "tree": r"-o.*|-R",
    "invoke-webrequest": r"-outf.*", "iwr": r"-outf.*", "invoke-restmethod": r"-outf.*", "irm": r"-outf.*",
    "xxd": r"-r.*",
    "tcpdump": r"-w.*", "time": r"-o.*|--output.*", "strace": r"-o.*",
    "dpkg": r"-i|--install|-r|--remove|-P|--purge|--unpack|--configure",
    "rpm": r"-[iUFe].*|--install|--upgrade|--erase|--import", "pacman": r"-(S(?![sil])|[RU]|Sy|Su|D).*",
    "pytest": r"--snapshot-update|--force-regen", "jest": r"-u|--updateSnapshot|--init", "vitest": r"-u|--update",
    "code": r"--install-extension.*|--uninstall-extension.*", "go": r"-exec.*|-toolexec.*|-w",
})  # fmt: skip
"""Options, as patterns of a whole word in whatever case the program has it, by which these edit."""

FORMATTERS = MappingProxyType({
    "black": r"--check|--diff", "isort": r"-c|--check.*|--diff", "rustfmt": r"--check", "cargo fmt": r"--check",
    "ruff format": r"--check|--diff", "yapf": r"-d|--diff|-q|--quiet", "terraform fmt": r"-check.*|-write=false",
    "dotnet format": r"--verify-no-changes", "deno fmt": r"--check", "mix format": r"--check.*",
    "dart format": r"-o|--output=(none|show).*",
    "gzip": r"-[a-zA-Z0-9]*[clt].*|--(stdout|list|test).*", "gunzip": r"-[a-zA-Z0-9]*[clt].*|--(stdout|list|test).*",
    "bzip2": r"-[a-zA-Z0-9]*[ct].*|--(stdout|test).*", "xz": r"-[a-zA-Z0-9]*[clt].*|--(stdout|list|test).*",
    "unxz": r"-[a-z]*[clt].*",
    "bunzip2": r"-[a-z]*[ct].*", "zstd": r"-[a-z0-9]*[clt].*|--(stdout|list|test).*",
    "unzip": r"-[a-zA-Z]*[lptvZ].*", "zip": r"-[a-z]*[T].*|-sf.*",
    "tar": r"-?[a-zA-Z]*t[a-zA-Z]*|--list|-?c[a-z]*f?O|--to-stdout|-O|--diff|--compare",
})  # fmt: skip
"""These edit unless one of these options is there."""

VARIABLES = re.compile(
    r"PATH|IFS|ENV|BASH_ENV|SHELL|PROMPT_COMMAND|SHELLOPTS|BASHOPTS|PS4|LD_\w+|DYLD_\w+|(\w+_)?(PAGER|EDITOR)|VISUAL|BROWSER|LESSOPEN"
    r"|LESSCLOSE|GIT_(SSH\w*|EXTERNAL_DIFF|ASKPASS|PROXY_COMMAND|CONFIG\w*|EXEC_PATH|TRACE\w*|TEMPLATE_DIR)|SSH_ASKPASS|NODE_OPTIONS"
    r"|PYTHON(STARTUP|HOME|INSPECT|BREAKPOINT)|PERL5\w*|RUBY(OPT|LIB)|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|MAKEFLAGS"
    r"|RUSTC_WRAPPER|TMPDIR|TMP|TEMP|null|MANROFFOPT|FZF_DEFAULT_COMMAND|RIPGREP_CONFIG_PATH"
)
"""What changes which programs are started, or what they do, or where the temporary folder is."""

QUIET_PAGER = re.compile(r"(?<![\w])((?:\w+_)?PAGER)=(?:cat|less|more|''|\"\")?(?=\s|$|;)")
"""Pagers that only show."""
