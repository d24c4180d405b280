"""What is denied by one spelling of a program's first words is denied by the others, and nothing beside it is."""

from __future__ import annotations

from extensions.coder.approvals import decide

SAME = {
    "docker rm": ["docker container rm x", "docker container rm -f x", "docker container remove x",
                  "docker --debug container rm x", "docker ps; docker container rm x"],
    "docker container rm": ["docker rm x", "docker rm -f x"],
    "docker container": ["docker --debug container rm x"],
    "docker rmi": ["docker image rm x", "docker image remove x"], "docker image rm": ["docker rmi x"],
    "docker build": ["docker image build .", "docker buildx build .", "docker builder build ."],
    "docker compose up": ["docker-compose up -d"], "docker-compose down": ["docker compose down -v"],
    "docker volume rm": ["docker volume remove x"],
    "yarn deploy": ["yarn run deploy", "yarn run-script deploy", "yarn --silent run deploy",
                    "yarn workspace a deploy", "yarn workspace a run deploy", "yarn workspaces foreach -A run deploy",
                    "yarn workspaces run deploy"],
    "yarn run deploy": ["yarn deploy", "yarn -s deploy", "yarn --cwd web deploy"],
    "yarn run": ["yarn build", "yarn test"], "npm run": ["npm test", "npm start"],
    "pnpm run deploy": ["pnpm deploy", "pnpm -r deploy", "pnpm --filter a deploy", "pnpm recursive run deploy"],
    "pnpm deploy": ["pnpm run deploy", "pnpm -r run-script deploy"], "bun run deploy": ["bun deploy"],
    "npm test": ["npm run test", "npm run-script test", "npm t"], "npm run start": ["npm start"],
    "npm publish": ["npm publ", "npm pub --tag x"], "npm exec": ["npm x a"], "npx prisma": ["npm exec prisma migrate"],
    "make deploy": ["make a deploy", "make a b deploy", "make -j 4 deploy", "make X=1 deploy", "gmake deploy",
                    "make -k a deploy", "make -C web deploy", "cd web && make build deploy"],
    "make": ["gmake all"], "rake deploy": ["rake a deploy"], "mvn deploy": ["mvn clean deploy", "./mvnw -B deploy"],
    "gradle publish": ["gradle build publish", "./gradlew :app:publish", "gradle publ"],
    "./gradlew publish": ["gradle publish", "./gradlew build publish"],
    "apt remove": ["apt-get remove x", "apt-get -y purge x"], "apt-get install": ["apt install x"],
    "pip install": ["uv pip install x"], "git reset --hard": ["git reset --har", "git reset HEAD~1 --hard"],
}  # fmt: skip

OPEN = {
    "npm run deploy": ["npm run -w a deploy", "npm run --workspace a deploy", "npm run $X"],
    "docker rm": ["docker container $X y", "docker --foo x container rm y"],
    "docker-compose up": ["docker compose -f x.yml up"],
    "make deploy": ["make $T", "make a $T", 'make -k a "$T"'], "yarn deploy": ["yarn run $X"],
    "npm publish": ["npm --access public publish"],
}  # fmt: skip
"""What only the shell, or the program, will know."""

HARMLESS = [
    "docker ps", "docker container ls -a", "docker run --rm x", "docker container prune", "docker image ls",
    "docker image prune", "docker compose ps", "docker-compose logs web", "docker volume ls", "docker logs rm",
    "docker run --name rm x", "docker exec -it web sh", "docker pull x", "docker image inspect x",
    "yarn", "yarn install", "yarn build", "yarn test", "yarn add deploy-tool", "yarn run build",
    "yarn workspace a test", "yarn workspace deploy test", "yarn workspaces list", "yarn why x", "yarn run test deploy",
    "pnpm install", "pnpm -r build", "pnpm run build", "pnpm --filter deploy build", "pnpm test", "pnpm exec tsc",
    "npm ci", "npm run build", "npm pack", "npm view x", "npm start", "npm run build -w deploy",
    "npx tsc", "npm exec tsc", "bun test", "bun run build", "make", "make test", "make a b", "make -j4 test",
    "make -C deploy test", "make test -C deploy", "make TARGET=deploy test",
    'make test ARGS="$x"', "gradle build -x publish",
    "mvn -B test", "mvn -pl deploy test", "./gradlew build", "./gradlew :publish:test", "gradle test",
    "apt list", "apt-get update", "apt-cache search x", "pip list", "pip install x", "uv pip list", "pip3 download x",
    "git reset HEAD~1", "git reset --soft HEAD~1", "git push --force-with-lease", "git log", "rake test", "just build",
]  # fmt: skip

DENY = [
    "docker rm", "docker rmi", "docker compose up", "docker volume rm", "yarn deploy", "pnpm run deploy", "npm publish",
    "npm run deploy", "bun run deploy", "npx prisma", "make deploy", "mvn deploy", "gradle publish", "apt remove",
    "pip uninstall", "git reset --hard", "git push --force", "rake deploy", "just deploy",
]  # fmt: skip


def test_what_is_denied_is_denied_by_all_first_words_that_mean_the_same() -> None:
    said = {(entry, line): decide(line, ["*"], [entry]) for entry, lines in SAME.items() for line in lines}
    assert {pair: word for pair, word in said.items() if word != "deny"} == {}


def test_what_may_come_to_what_is_denied_is_asked_about() -> None:
    said = {(entry, line): decide(line, ["*"], [entry]) for entry, lines in OPEN.items() for line in lines}
    assert {pair: word for pair, word in said.items() if word == "approve"} == {}


def test_what_means_something_else_is_not_asked_about() -> None:
    assert {line: word for line in HARMLESS if (word := decide(line, ["*"], DENY)) != "approve"} == {}


def test_an_entry_that_allows_more_of_the_call_stands_before_one_that_denies_it_in_other_words() -> None:
    assert decide("docker container rm x", ["docker container rm"], ["docker rm"]) == "approve"
    assert decide("yarn test", ["yarn test"], ["yarn run"]) == "approve"
