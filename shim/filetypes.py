"""Which language a text is in: by its file's name, else by its first line. It looks at no file itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Protocol

PLAIN = "plaintext"


class Language(Protocol):
    """A language as an extension contributes it (`contributes.languages`)."""

    @property
    def id(self) -> str: ...
    @property
    def extensions(self) -> Sequence[str]: ...
    @property
    def filenames(self) -> Sequence[str]: ...
    @property
    def filename_patterns(self) -> Sequence[str]: ...
    @property
    def first_line(self) -> str | None: ...


def _table(text: str) -> Mapping[str, str]:
    """`{name: language}` of lines such as `python: py pyw`."""
    rows = (line.split(": ") for line in text.strip().splitlines())
    return MappingProxyType({name: language for language, names in rows for name in names.split()})


EXTENSIONS = _table("""
bat: bat cmd
bibtex: bib
c: c i
clojure: clj cljs cljc edn
coffeescript: coffee
cpp: cpp cc cxx c++ h hpp hh hxx h++ ino inl ipp
csharp: cs csx cake
css: css
cuda-cpp: cu cuh
dart: dart
diff: diff patch rej
dockerfile: dockerfile containerfile
dotenv: env
elixir: ex exs
erlang: erl hrl
fsharp: fs fsi fsx
go: go
graphql: graphql gql
groovy: groovy gvy gradle jenkinsfile nf
handlebars: handlebars hbs hjs
haskell: hs
hlsl: hlsl fx
html: html htm shtml xhtml xht mdoc jsp asp aspx jshtm
ignore: gitignore npmignore dockerignore
ini: ini
java: java jav
javascript: js es6 mjs cjs pac
javascriptreact: jsx
json: json bowerrc jscsrc webmanifest har geojson ipynb map
jsonc: jsonc code-workspace code-snippets eslintrc babelrc jshintrc
jsonl: jsonl ndjson
julia: jl
kotlin: kt kts
latex: tex ltx ctx
less: less
log: log
lua: lua
makefile: mak mk
markdown: md mkd mdwn mdown markdown markdn mdtxt mdtext workbook
objective-c: m
objective-cpp: mm
ocaml: ml mli
perl: pl pm pod t psgi
php: php php4 php5 phtml ctp
powershell: ps1 psm1 psd1
prisma: prisma
properties: conf properties cfg directory
proto3: proto
pug: pug jade
python: py rpy pyw cpy gyp gypi pyi ipy pyt
r: r rhistory rprofile rt
raku: raku rakumod p6 pm6
razor: cshtml razor
restructuredtext: rst
ruby: rb rbx rjs gemspec rake ru erb podspec rbi
rust: rs
sass: sass
scala: scala sc sbt
scss: scss
shellscript: sh bash bashrc bash_profile bash_login ebuild profile zsh zshrc zprofile zlogin zshenv ksh fish csh
sql: sql dsql
svelte: svelte
swift: swift
terraform: tf tfvars
toml: toml
typescript: ts cts mts
typescriptreact: tsx
vb: vb brs vbs bas vba
vue: vue
xml: xml xsd xsl xslt svg rss atom csproj props targets plist
yaml: yaml yml eyaml eyml cff
""")
"""The language of a file's extension, without its dot and in small letters: VS Code's own, and widely used ones."""

FILENAMES = _table("""
dockerfile: dockerfile containerfile
git-commit: commit_editmsg merge_msg
git-rebase: git-rebase-todo
groovy: jenkinsfile
ignore: .gitignore .dockerignore .npmignore .gitignore_global
jsonc: tsconfig.json jsconfig.json settings.json launch.json tasks.json keybindings.json .eslintrc .babelrc .swcrc
json: composer.lock .watchmanconfig .prettierrc
makefile: makefile gnumakefile ocamlmakefile
pip-requirements: requirements.txt constraints.txt
properties: .editorconfig .gitconfig .gitattributes .gitmodules .npmrc
python: snakefile sconstruct sconscript
ruby: rakefile gemfile guardfile podfile capfile cheffile hobofile vagrantfile appraisals rantfile berksfile
shellscript: apkbuild pkgbuild .bashrc .bash_profile .bash_aliases .profile .zshrc .zprofile .envrc .bash_logout
toml: cargo.lock poetry.lock uv.lock pipfile
yaml: .clang-format .clang-tidy
""")
"""The language of a whole file name, in small letters."""

INTERPRETERS = _table("""
javascript: node deno bun
lua: lua
perl: perl
php: php
powershell: pwsh
python: python python2 python3 pypy pypy3
ruby: ruby
shellscript: sh bash zsh ksh dash fish ash
tcl: tclsh
""")

_SHEBANG = re.compile(r"#!\s*(?:\S*/)?env\s+(?:-\S+\s+)*(?:\w+=\S*\s+)*(\S+)|#!\s*(?:\S*/)?([^\s/]+)")
_VERSION = re.compile(r"[\d.]+$")


def language_of(path: str, first_line: str, contributed: Iterable[Language] = ()) -> str:
    """The language's id; contributed ones come before those known here, names before first lines."""
    name = path.rstrip("/").rpartition("/")[2].lower()
    languages = tuple(contributed)
    return _contributed(name, languages) or _named(name) or _begun(first_line, languages) or PLAIN


def _contributed(name: str, languages: Sequence[Language]) -> str | None:
    for language in languages:
        if name in map(str.lower, language.filenames):
            return language.id
    for language in languages:
        if any(fnmatchcase(name, pattern.lower()) for pattern in language.filename_patterns):
            return language.id
    found = [(len(end), language.id) for language in languages for end in language.extensions if _ends(name, end)]
    return max(found)[1] if found else None


def _ends(name: str, extension: str) -> bool:
    return bool(extension) and name.endswith(extension.lower())


def _named(name: str) -> str | None:
    if name in FILENAMES:
        return FILENAMES[name]
    if name.startswith(("dockerfile.", "containerfile.")):
        return "dockerfile"
    return EXTENSIONS.get(name.rpartition(".")[2]) if "." in name else None


def _begun(first_line: str, languages: Sequence[Language]) -> str | None:
    line = first_line[:1_000]
    for language in languages:
        if language.first_line and _matches(language.first_line, line):
            return language.id
    shebang = _SHEBANG.match(line)
    if shebang:
        program = shebang[1] or shebang[2]
        return INTERPRETERS.get(program) or INTERPRETERS.get(_VERSION.sub("", program))
    return "xml" if line.startswith("<?xml") else None


def _matches(pattern: str, line: str) -> bool:
    try:
        return re.match(pattern, line) is not None
    except re.error:  # written for JavaScript, and Python reads it otherwise: it matches nothing
        return False
