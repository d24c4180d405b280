"""What an operator may write, where it may come from, and the one line that each mistake gets."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from host.config import Config, ConfigError, document, load
from host.keys import read

ROOT = Path(__file__).parents[2]
CANARY = "hunter2-correct-horse-battery-staple"
SECRET = "an HS256 secret of more than 32 bytes"

SCRAPPED = [
    "ROOST_SERVER__CORS",
    "ROOST_USERS__a__QUOTAS",
    "ROOST_SERVER__PORT",
    "ROOST_AUTH__JWT",
    "ROOST_DATA",
    "ROOST_A__B",
]

SEED = """
server:
  port: 3000
  host: "{host}"
  cors:
    enabled: true
    origins: ["*"]
ai_providers:
  anthropic:
    api_key: "${{ANTHROPIC_API_KEY}}"
    base_url: "https://api.anthropic.com"
    models:
      - "claude-3-5-sonnet-20241022"
      - "claude-3-5-haiku-20241022"
  openai:
    api_key: "${{OPENAI_API_KEY}}"
    base_url: "https://api.openai.com/v1"
    models:
      - "gpt-4o"
      - "gpt-4o-mini"
security:
  allowed_commands: ["npm", "git", "python", "node"]
  denied_commands: ["rm -rf", "sudo"]
  file_access:
    allowed_paths: ["/workspace", "/tmp"]
    denied_paths: ["/etc", "/root"]
storage:
  type: "file" # file | redis | mongodb
  path: "./data"
logging:
  level: "info"
  format: "json"
"""
KEYS = {"ANTHROPIC_API_KEY": CANARY, "OPENAI_API_KEY": CANARY + "2"}


def written(folder: Path, text: str) -> Path:
    file = folder / "config.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def refused(folder: Path, text: str, environ: dict[str, str] | None = None, **flags: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(flags, environ or {}, written(folder, text))
    assert CANARY not in str(caught.value)
    assert CANARY not in repr(caught.value)
    return str(caught.value).replace(f"{folder}/", "").split("\n")


def test_without_anything_the_host_is_for_one_user_on_loopback() -> None:
    config = load({}, {}, None)
    assert (config.multi_user, config.server.host, config.server.port) == (False, "127.0.0.1", 3000)
    assert (config.sessions.sleep_after_s, config.sessions.keep_terminals_s) == (900, None)
    assert config.workspace is None
    assert not config.authenticates
    assert config.is_loopback


def test_the_data_folder_is_a_system_one_for_root_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    expected = "/var/lib/roost" if os.geteuid() == 0 else "/home/somebody/.local/share/roost"
    assert load({}, {}, None).data == Path(expected)


def test_the_seeds_file_is_understood_key_for_key(tmp_path: Path) -> None:
    config = load({}, KEYS, written(tmp_path, SEED.format(host="127.0.0.1")))
    assert config.server.cors.origins == ("*",)
    assert config.ai_providers["anthropic"].kind == "anthropic"
    assert config.ai_providers["openai"].base_url == "https://api.openai.com/v1"
    assert config.ai_providers["openai"].models == ("gpt-4o", "gpt-4o-mini")
    assert config.security.allowed_commands == ("npm", "git", "python", "node")
    assert config.security.denied_commands == ("rm -rf", "sudo")
    assert config.security.file_access.allowed_paths == ("/workspace", "/tmp")
    assert config.security.file_access.denied_paths == ("/etc", "/root")
    assert config.data == config.storage.path == Path.cwd() / "data"
    assert (config.logging.level, config.logging.format) == ("info", "json")
    assert config.secrets == (CANARY, CANARY + "2")


def test_the_seeds_open_address_is_refused_by_name_where_nobody_is_authenticated(tmp_path: Path) -> None:
    lines = refused(tmp_path, SEED.format(host="0.0.0.0"), KEYS | {"MULTI_USER": "1"})
    assert lines == [
        "server.host: must be a loopback address while users are not authenticated, or anybody could be any user; "
        "configure auth.jwt, or write 127.0.0.1"
    ]


def test_the_seeds_open_address_is_served_with_tokens_or_to_the_single_user(tmp_path: Path) -> None:
    file = written(tmp_path, SEED.format(host="0.0.0.0"))
    assert not load({}, KEYS, file).is_loopback
    assert load({}, KEYS | {"MULTI_USER": "1", "ROOST_AUTH__JWT__SECRET": SECRET}, file).authenticates


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_many_users_without_tokens_are_served_on_loopback(host: str) -> None:
    assert load({"host": host, "multi_user": True}, {}, None).is_loopback


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "192.168.1.4", "10.0.0.1", "example.org", "localhost.example.org", "128.0.0.1", "2001:db8::1"],
)
def test_many_users_without_tokens_are_served_nowhere_else(host: str) -> None:
    with pytest.raises(ConfigError, match=r"^server\.host: .*auth\.jwt"):
        load({"host": host, "multi_user": True}, {}, None)
    assert load({"host": host, "multi_user": True}, {"ROOST_AUTH__JWT__SECRET": SECRET}, None).server.host == host


def test_a_flag_wins_over_a_variable_and_a_variable_over_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, "server: {port: 1001, host: localhost}\nquotas: {terminals: 1, files: 2}\n")
    assert load({}, {}, file).server.port == 1001
    assert load({}, {"ROOST_SERVER__PORT": "1002"}, file).server.port == 1002
    config = load({"port": 1003}, {"ROOST_SERVER__PORT": "1002", "ROOST_QUOTAS__FILES": "3"}, file)
    assert (config.server.port, config.server.host) == (1003, "localhost")
    assert (config.quotas.terminals, config.quotas.files) == (1, 3)


def test_a_flag_that_is_not_given_changes_nothing() -> None:
    assert load({"port": None, "data": None}, {"ROOST_PORT": "7"}, None).server.port == 7


@pytest.mark.parametrize(
    ("variable", "text", "key", "value"),
    [
        ("ROOST_DATA", "/srv/roost", "data", Path("/srv/roost")),
        ("ROOST_STORAGE__PATH", "/srv/roost", "data", Path("/srv/roost")),
        ("ROOST_DATA", "/srv/roost", "storage.path", Path("/srv/roost")),
        ("ROOST_PORT", "0", "server.port", 0),
        ("ROOST_WORKSPACE", "/", "workspace", Path("/")),
        ("MULTI_USER", "1", "multi_user", True),
        ("MULTI_USER", "true", "multi_user", True),
        ("MULTI_USER", "0", "multi_user", False),
        ("MULTI_USER", "false", "multi_user", False),
        ("MULTI_USER", "", "multi_user", False),
        ("ROOST_SERVER__HOST", "::1", "server.host", "::1"),
        ("ROOST_SERVER__BASE_PATH", "/code/", "server.base_path", "/code"),
        ("ROOST_SERVER__BASE_PATH", "/", "server.base_path", ""),
        ("ROOST_SERVER__ALLOWED_HOSTS", "a.example,B.example", "server.allowed_hosts", ("a.example", "b.example")),
        ("ROOST_SERVER__ALLOWED_HOSTS", '["a.example", "10.0.0.1"]', "server.allowed_hosts", ("a.example", "10.0.0.1")),
        ("ROOST_SERVER__ALLOWED_HOSTS", "[a.example]", "server.allowed_hosts", ("a.example",)),
        ("ROOST_SERVER__CORS__ORIGINS", "*", "server.cors.origins", ("*",)),
        ("ROOST_SERVER__CORS__ORIGINS", "HTTPS://A.example:443/", "server.cors.origins", ("https://a.example",)),
        ("ROOST_SERVER__CORS__ENABLED", "false", "server.cors.enabled", False),
        ("ROOST_SERVER__CORS", '{"enabled": false, "origins": ["null"]}', "server.cors.origins", ("null",)),
        ("ROOST_SERVER__TRUSTED_PROXIES", "10.0.0.0/8,::1", "server.trusted_proxies", ("10.0.0.0/8", "::1/128")),
        ("ROOST_AI_PROVIDERS__OLLAMA__BASE_URL", "http://[::1]:99/", "ai_providers.ollama.base_url", "http://[::1]:99"),
        ("ROOST_AI_PROVIDERS__OPENAI__MODELS", "a,b", "ai_providers.openai.models", ("a", "b")),
        ("ROOST_EXTENSIONS__FOLDERS", "/opt/a,/opt/b", "extensions.folders", (Path("/opt/a"), Path("/opt/b"))),
        ("ROOST_EXTENSIONS__DISABLED", "roost.jobs", "extensions.disabled", ("roost.jobs",)),
        ("ROOST_TERMINALS__EGRESS_ALLOW", "*.Example.org:443", "terminals.egress_allow", ("*.example.org:443",)),
        ("ROOST_TERMINALS__EGRESS_ALLOW", "[]", "terminals.egress_allow", ()),
        ("ROOST_TERMINALS__EGRESS_ALLOW", "null", "terminals.egress_allow", None),
        ("ROOST_TERMINALS__NETWORK", "proxy", "terminals.network", "proxy"),
        ("ROOST_SESSIONS__SLEEP_AFTER_S", "1.5", "sessions.sleep_after_s", 1.5),
        ("ROOST_SESSIONS__KEEP_TERMINALS_S", "60", "sessions.keep_terminals_s", 60.0),
        ("ROOST_SESSIONS__KEEP_TERMINALS_S", "null", "sessions.keep_terminals_s", None),
        ("ROOST_QUOTAS__BYTES", "500MB", "quotas.bytes", 500_000_000),
        ("ROOST_QUOTAS__BYTES", "1.5 GiB", "quotas.bytes", 3 * 2**29),
        ("ROOST_QUOTAS__BYTES", "0", "quotas.bytes", 0),
        ("ROOST_QUOTAS__BYTES", "null", "quotas.bytes", None),
        ("ROOST_QUOTAS__MEMORY", "2TiB", "quotas.memory", 2 * 2**40),
        ("ROOST_BUDGETS__DAY", "2.50", "budgets.day", 2.5),
        ("ROOST_SECURITY__DENIED_COMMANDS", '["rm -rf", "sudo"]', "security.denied_commands", ("rm -rf", "sudo")),
        ("ROOST_SECURITY__FILE_ACCESS__DENIED_PATHS", "/etc", "security.file_access.denied_paths", ("/etc",)),
        ("ROOST_LOGGING__LEVEL", "DEBUG", "logging.level", "debug"),
        ("ROOST_LOGGING__MAX_BYTES", "64KiB", "logging.max_bytes", 65536),
        ("ROOST_MASTER_KEY", CANARY, "server.port", 3000),
        ("ROOST_SOMETHING_ELSE", CANARY, "server.port", 3000),
        ("roost_server__port", "1", "server.port", 3000),
    ],
)  # fmt: skip
def test_a_variable_sets_its_key(variable: str, text: str, key: str, value: object) -> None:
    held: object = load({}, {variable: text}, None)
    for part in key.split("."):
        held = held[part] if isinstance(held, dict) else getattr(held, part)
    assert held == value
    assert type(held) is type(value) or isinstance(held, Path)


def test_text_of_digits_in_a_variable_stays_a_secret_text() -> None:
    jwt = load({}, {"ROOST_AUTH__JWT__SECRET": "1" * 32, "ROOST_AUTH__JWT__AUDIENCE": "42"}, None).auth.jwt
    assert jwt is not None
    assert jwt.secret is not None
    assert (jwt.secret.get_secret_value(), jwt.audience) == ("1" * 32, "42")


def test_a_user_whose_id_holds_two_underscores_has_quotas_by_variable() -> None:
    environ = {"ROOST_USERS__Ann__B__QUOTAS__FILES": "7", "ROOST_USERS__bob@x.org__QUOTAS__BYTES": "1KiB"}
    config = load({}, environ | {"ROOST_USERS__eve__QUOTAS": '{"terminals": 0}'}, None)
    assert config.quotas_of("Ann__B").files == 7
    assert config.quotas_of("bob@x.org").bytes == 1024
    assert config.quotas_of("eve").terminals == 0
    assert config.quotas_of("ann__b").files is None


def test_a_users_own_quotas_stand_over_everybodys_and_those_over_the_defaults(tmp_path: Path) -> None:
    text = "quotas: {files: 5, terminals: null}\nusers: {alice: {quotas: {files: null, streams: 1}}}\n"
    config = load({"multi_user": True}, {}, written(tmp_path, text))
    alice, bob = config.quotas_of("alice"), config.quotas_of("bob")
    assert (alice.files, alice.terminals, alice.streams, alice.bytes) == (None, None, 1, 10 * 2**30)
    assert (bob.files, bob.terminals, bob.streams, bob.requests_per_second) == (5, None, 8, 10_000)


def test_a_user_may_weigh_more_than_others_in_the_line_for_models() -> None:
    config = Config.model_validate({"users": {"alice": {"weight": 2.5}}, "models": {"connections": 7}})
    assert (config.weight_of("alice"), config.weight_of("bob"), config.models.connections) == (2.5, 1.0, 7)
    with pytest.raises(ConfigError) as error:
        load({}, {"ROOST_USERS__alice__WEIGHT": "0"}, None)
    assert error.value.lines == (
        "users.alice.weight: must be a number of at least 0.001 and at most 1000; leave it out for `1`",
    )


def test_the_single_users_disk_has_no_quota_unless_one_is_set() -> None:
    plain = load({}, {}, None).quotas_of("local")
    assert (plain.bytes, plain.files, plain.connections) == (None, None, 100)
    assert load({}, {"ROOST_QUOTAS__BYTES": "10GiB"}, None).quotas_of("local").bytes == 10 * 2**30
    assert load({"multi_user": True}, {}, None).quotas_of("local").files == 1_000_000


def test_variables_in_the_file_are_replaced_once_and_only_in_values(tmp_path: Path) -> None:
    text = """
auth: {jwt: {secret: "${S}", audience: "$${A}-${A}-$A-$$", issuer: "${NONE:-a:-b}"}}
server: {port: "${P:-3001}", allowed_hosts: ["${H}", b.example], cors: {origins: "${O}"}}
"""
    environ = {"S": SECRET + "${A}", "A": "x", "H": "a.example", "O": "https://a.example,https://b.example", "P": ""}
    config = load({}, environ, written(tmp_path, text))
    assert config.auth.jwt is not None
    assert config.auth.jwt.secret is not None
    assert config.auth.jwt.secret.get_secret_value() == SECRET + "${A}"
    assert (config.auth.jwt.audience, config.auth.jwt.issuer) == ("${A}-x-$A-$$", "a:-b")
    assert config.server.port == 3001
    assert config.server.allowed_hosts == ("a.example", "b.example")
    assert config.server.cors.origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "---\n", "server:\n", "server:\nlogging:\nusers: {bob: }\nai_providers: {openai: }\n"]
)
def test_an_empty_file_or_table_is_the_defaults(tmp_path: Path, text: str) -> None:
    assert load({}, {}, written(tmp_path, text)).server == Config().server


MISTAKES = json.loads((Path(__file__).parent / "mistakes.json").read_text().replace("<CANARY>", CANARY))
"""What is written, and the lines that it gets; the canary stands where a secret may be."""


@pytest.mark.parametrize(("text", "lines"), MISTAKES["file"], ids=range(len(MISTAKES["file"])))
def test_each_mistake_in_the_file_gets_one_line_that_names_it(tmp_path: Path, text: str, lines: list[str]) -> None:
    assert refused(tmp_path, text) == lines


@pytest.mark.parametrize(("variable", "text", "line"), MISTAKES["variable"], ids=range(len(MISTAKES["variable"])))
def test_each_mistake_in_a_variable_gets_one_line_that_names_it(variable: str, text: str, line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load({}, {variable: text}, None)
    assert str(caught.value) == line
    assert CANARY not in line


def test_every_bad_key_has_a_line_of_its_own(tmp_path: Path) -> None:
    text = "server: {port: 99999, host: ''}\nlogging: {level: loud}\nquotas: {bytes: x, files: y}\n"
    lines = refused(tmp_path, text)
    assert [line.split(":")[0] for line in lines] == [
        "server.host", "server.port", "quotas.bytes", "quotas.files", "logging.level",
    ]  # fmt: skip


def test_mistakes_of_file_and_variables_are_told_together(tmp_path: Path) -> None:
    lines = refused(tmp_path, "server: {host: '${GONE}'}\ndata: '${LOST}'\n", {"ROOST_A__B": "1"})
    assert [line.split(":")[0] for line in lines] == ["server.host", "data", "ROOST_A__B"]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda file: None, "cannot be read (No such file or directory); give --config a file that can"),
        (lambda file: file.mkdir(), "cannot be read (Is a directory); give --config a file that can"),
        (lambda file: file.write_bytes(b"a: \xff"), "must be UTF-8; save it as UTF-8"),
        (lambda file: file.write_bytes(b"#" * 1024 * 1025), "must be at most 1 MiB; is it the file that was meant?"),
        (lambda file: file.write_bytes(b"[" * 100_000), None),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, make: object, reason: str | None) -> None:
    file = tmp_path / "c.yaml"
    make(file)  # type: ignore[operator]
    with pytest.raises(ConfigError) as caught:
        load({}, {}, file)
    assert str(caught.value).startswith(f"{file}: {reason}" if reason else f"{file}")
    assert "\n" not in str(caught.value)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form)


def private_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, plain)


RSA_1024 = rsa.generate_private_key(65537, 1024)
RSA_2048 = rsa.generate_private_key(65537, 2048)
P256 = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    ("algorithm", "content", "rule"),
    [
        ("RS256", pem(P256), "must be a PEM public key for RS256 (RSA of at least 2048 bits)"),
        ("ES256", pem(RSA_2048), "must be a PEM public key for ES256 (the curve P-256)"),
        ("ES256", pem(ec.generate_private_key(ec.SECP384R1())), "must be a PEM public key for ES256 (the curve P-256)"),
        ("ES256", pem(ec.generate_private_key(ec.SECP256K1())), "must be a PEM public key for ES256 (the curve P-256)"),
        ("RS256", pem(RSA_1024), "must be a PEM public key for RS256 (RSA of at least 2048 bits)"),
        ("RS256", b"", "must be a PEM public key for RS256 (RSA of at least 2048 bits)"),
        ("RS256", CANARY.encode(), "must be a PEM public key for RS256 (RSA of at least 2048 bits)"),
        ("RS256", private_pem(RSA_2048), "holds a private key, which a host must not have"),
        ("ES256", private_pem(P256), "holds a private key, which a host must not have"),
    ],
)  # fmt: skip
def test_a_key_file_must_hold_a_public_key_of_the_algorithm(
    tmp_path: Path, algorithm: str, content: bytes, rule: str
) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load({"auth.jwt.algorithm": algorithm, "auth.jwt.public_key_file": str(file)}, {}, None)
    assert str(caught.value).startswith(f"auth.jwt.public_key_file: {rule}; ")
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(("algorithm", "key"), [("RS256", RSA_2048), ("ES256", P256)])
def test_a_key_file_of_the_algorithm_is_taken(
    tmp_path: Path, algorithm: str, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(pem(key))
    jwt = load({"auth.jwt.algorithm": algorithm, "auth.jwt.public_key_file": file}, {}, None).auth.jwt
    assert jwt is not None
    assert list(read(jwt)) == [None]


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "5", "{}", '{"keys": {}}', '{"keys": []}', '{"keys": [5]}', '{"keys": [{"kty": "RSA"}]}',
        '{"keys": [{"kty": "oct", "k": "AAAA"}]}', '{"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}',
        '{"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}', '{"keys": [{"kty": "RSA", "n": "!", "e": "AQAB"}]}',
        "[" * 100_000,
    ],
)  # fmt: skip
def test_a_jwks_without_a_whole_public_key_of_the_algorithm_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(content)
    for algorithm in ("RS256", "ES256"):
        with pytest.raises(ConfigError, match=r"^auth\.jwt\.jwks_file: [^\n]*; correct the file"):
            load({"auth.jwt.algorithm": algorithm, "auth.jwt.jwks_file": file}, {}, None)


SCRAPS = st.sampled_from(
    ["server", "auth", "jwt", "users", "quotas", "bytes", "ai_providers", "x", ": ", ":", "\n", "\n  ", "- ", "{", "}",
     "[", "]", ", ", "null", "1", "1e999", "-1", "true", "2020-01-01", "12:30:45", "'", '"', "!!binary aGk=",
     "!!set {a, b}", "!!python/name:os.system", "&a ", "*a", "<<: ", "${", "${HOME}", "${X:-", "$${", "|\n  x", "> ",
     "? ", "%", "@", "\t", "---", "...", "#", "\u2028", "é", "0x1f"]
)  # fmt: skip


@given(pieces=st.lists(SCRAPS, max_size=14), variable=st.sampled_from(SCRAPPED), text=st.lists(SCRAPS, max_size=6))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_written_gives_settings_or_lines_and_never_a_traceback(
    tmp_path: Path, pieces: list[str], variable: str, text: list[str]
) -> None:
    try:
        load({}, {variable: "".join(text), "HOME": CANARY}, written(tmp_path, "".join(pieces)))
    except ConfigError as error:
        assert error.lines
        assert all(re.match(r"[^\n]+: [^\n]+$", line) for line in error.lines)
        assert CANARY not in str(error)


def test_settings_never_change_and_never_show_a_secret() -> None:
    config = load({}, {"ROOST_AUTH__JWT__SECRET": CANARY, "ROOST_AI_PROVIDERS__OPENAI__API_KEY": CANARY + "2"}, None)
    with pytest.raises(ValidationError):
        config.server.port = 1
    shown = f"{config!r} {config} {config.model_dump()} {config.model_dump_json()}"
    assert CANARY not in shown
    assert config.secrets == (CANARY, CANARY + "2")


def test_an_embedder_who_makes_the_settings_in_code_gets_the_same_rules(tmp_path: Path) -> None:
    config = Config(data=tmp_path, multi_user=True)
    assert config.storage.path == config.data == tmp_path
    with pytest.raises(ConfigError, match=r"^server\.host: "):
        Config.model_validate({"multi_user": True, "server": {"host": "0.0.0.0"}})
    with pytest.raises(ValidationError) as caught:
        Config.model_validate({"auth": {"jwt": {"secret": CANARY, "nothing": CANARY}}})
    assert CANARY not in str(caught.value)


def test_the_document_has_every_key_and_is_in_step_with_the_code() -> None:
    assert (ROOT / "docs/configuration.md").read_text() == document()
    rows = [line for line in document().split("\n") if line.startswith("| `")]
    assert len(rows) == 61
    assert not [row for row in rows if "None" in row or "Undefined" in row or row.count("|") != 5]


def test_the_documents_example_is_understood(tmp_path: Path) -> None:
    example = document().split("```yaml\n")[1].split("```")[0]
    config = load({}, {"JWT_SECRET": SECRET}, written(tmp_path, example))
    assert config.quotas_of("alice").bytes == 50 * 2**30


def test_reading_the_settings_of_a_plain_host_loads_no_heavy_library() -> None:
    code = "import sys; from host.config import load; load({}, {}, None); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert not {"jwt", "cryptography", "structlog", "rich", "pydantic_settings"} & set(loaded.stdout.split())


def test_a_jwks_keeps_the_keys_of_its_algorithm_and_passes_over_the_rest(tmp_path: Path) -> None:
    numbers = P256.public_key().public_numbers()
    entry = {"kty": "EC", "crv": "P-256", "x": coordinate(numbers.x), "y": coordinate(numbers.y)}
    others = [
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "r"}, {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
        entry | {"use": "enc", "kid": "e"}, entry | {"alg": "ES384", "kid": "f"}, entry | {"key_ops": ["sign"]},
    ]  # fmt: skip
    file = tmp_path / "jwks.json"
    flags = {"auth.jwt.algorithm": "ES256", "auth.jwt.jwks_file": file}
    file.write_text(json.dumps({"keys": [*others, entry | {"kid": "one"}, entry | {"kid": "two", "use": "sig"}]}))
    jwt = load(flags, {}, None).auth.jwt
    assert jwt is not None
    assert set(read(jwt)) == {"one", "two"}
    for wrong in (
        [entry, entry],
        [entry | {"kid": "a"}] * 2,
        [entry | {"kid": "a"}, entry],
        [entry | {"kid": 5}],
        [entry | {"d": "AAAA"}],
    ):
        file.write_text(json.dumps({"keys": wrong}))
        with pytest.raises(ConfigError, match=r"^auth\.jwt\.jwks_file: "):
            load(flags, {}, None)


def coordinate(number: int) -> str:
    import base64

    return base64.urlsafe_b64encode(number.to_bytes(32)).rstrip(b"=").decode()
