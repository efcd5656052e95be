"""The sources of AWS keys, against a stand-in for them (stack/aws_identity.py) and an SQS that
checks every signature: keys that are revoked or have expired are refused there."""

import subprocess
import time

import pytest

from stack.aws_identity import KINDS, AwsIdentity
from stack.consumer import Consumer
from stack.driver import driver_path
from stack.processes import http_get, wait_until
from stack.queues import SqsBackend, is_idle
from stack.samples import HOST

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@pytest.fixture
def identity(sqs, tmp_path):
    """The stand-in; no key of anybody else's works in this test."""
    server = AwsIdentity(sqs, tmp_path).start()
    server.revoke()
    yield server
    server.stop()


@pytest.fixture
def queues(sqs):
    own = SqsBackend(sqs)
    yield own
    own.close()


def settings_of(queues, identity, *kinds):
    """Of a program or consumer whose keys come from the kinds of source named."""
    settings = {key: value for key, value in queues.settings.items() if key not in KEYS}
    return {**settings, **identity.environment(*kinds)}


@pytest.fixture
def consume(identity, queues):
    """consume("web_identity", ...): a consumer with the variables of these kinds."""
    consumers = []

    def make(*kinds, wait=True, **variables):
        settings = {**settings_of(queues, identity, *kinds), **variables}
        consumers.append(Consumer(settings, wait=wait))
        return consumers[-1]

    yield make
    assert [consumer.close() for consumer in consumers] == [0] * len(consumers)


def pass_one(consumer, body="job"):
    """One message, through the queue."""
    assert consumer.send(body) == "ok"
    message = consumer.receive()
    assert (message.err, message.body) == ("ok", body)
    assert consumer.delete(message) == "ok"


def problem_of(consumer):
    return consumer.health().problem or ""


def wait_problem(consumer, text, seconds=20):
    wait_until(lambda: text in problem_of(consumer), seconds, f"the problem {text!r}")


def wait_healthy(consumer, seconds=60):
    wait_until(lambda: consumer.health().healthy, seconds, "keys", 0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_each_source_gives_keys(identity, consume, sqs, kind):
    consumer = consume(kind)
    pass_one(consumer)
    counts = sqs.counts()
    assert counts["refused"] == {}
    assert [key[4:].startswith(kind.upper().replace("_", "")) for key in counts["keys"]] == [True]
    assert identity.given == {kind: 2}  # for each of the two queues
    assert identity.asked == {kind: 2}


@pytest.mark.parametrize("kind", KINDS)
def test_keys_that_expire_are_replaced(identity, consume, kind):
    identity.lifetime_seconds = 6
    consumer = consume(kind)
    deadline = time.monotonic() + 60
    while identity.given[kind] < 6:  # two queues, two more times
        assert time.monotonic() < deadline
        pass_one(consumer)


@pytest.mark.parametrize("kind", KINDS)
def test_refused_keys_are_replaced_at_once_and_once(identity, consume, sqs, kind):
    consumer = consume(kind)
    pass_one(consumer)
    identity.revoke()
    sent = [consumer.start("send", body=str(number)) for number in range(20)]
    assert [consumer.result(each).err for each in sent] == ["ok"] * 20
    assert identity.given[kind] == 3
    assert 1 <= sqs.counts()["refused"]["unknown_key"] <= 20
    assert consumer.health().healthy


@pytest.mark.parametrize("dialect", ["coral", "plain"])
def test_keys_that_sqs_calls_expired_are_replaced(identity, consume, sqs, dialect):
    consumer = consume("container")
    pass_one(consumer)
    keys = {
        f"ASIACONTAINER{number}": {
            "secret": f"secret/of+container/{number}",
            "token": f"session+of/container/{number}==",
            "expires": 1,
        }
        for number in (1, 2)
    }
    sqs.configure(dialect=dialect, creds=keys)
    pass_one(consumer)
    assert sqs.counts()["refused"] == {"expired_token": 1}


@pytest.mark.parametrize("kind", ["web_identity", "container"])
def test_token_files_are_read_each_time(identity, consume, kind):
    consumer = consume(kind)
    pass_one(consumer)
    identity.change_token("eyJhbGciOiJSUzI1NiJ9.second-token.c2ln")
    identity.revoke()
    pass_one(consumer)
    assert identity.given[kind] == 3
    # A file that is late: what is asked with the old token fails until the new one is there.
    identity.change_token("eyJhbGciOiJSUzI1NiJ9.third-token.c2ln", write=False)
    identity.revoke()
    assert consumer.send("job") == "unavailable"
    code = {"web_identity": "InvalidIdentityToken", "container": "Unauthorized"}[kind]
    wait_problem(consumer, code)
    assert "second-token" not in problem_of(consumer) + consumer.health().last_error
    identity.token_path.unlink()
    wait_problem(consumer, "cannot be read: No such file or directory", 60)
    identity.token_path.write_text(identity.token)
    wait_until(lambda: consumer.send("job") == "ok", 60, "new keys", 0.2)
    assert consumer.receive().body == "job"


@pytest.mark.parametrize(
    "kinds, problem",
    [
        (
            ("web_identity", "container", "imds"),
            "no AWS credentials from web identity: STS: 403 AccessDenied: Not authorized to assume",
        ),
        (
            ("container", "imds"),
            "no AWS credentials from the container's agent: the agent: 400 AccessDenied: no "
            "association",
        ),
    ],
)
def test_a_weaker_source_is_never_used_instead(identity, consume, sqs, kinds, problem):
    identity.broken = {kinds[0]}
    consumer = consume(*kinds, wait=False)
    wait_problem(consumer, problem)
    assert consumer.send("job") == "unavailable"
    assert consumer.receive().err == "unavailable"
    assert consumer.health().last_error.startswith(f"SQS ReceiveMessage: {problem}"[:100])
    wait_until(lambda: identity.asked[kinds[0]] >= 6, 60, "more tries")
    assert list(identity.asked) == [kinds[0]]
    assert sqs.counts()["ops"] == {}
    identity.broken = set()
    wait_until(lambda: consumer.send("job") == "ok", 60, "keys", 0.2)
    assert list(identity.given) == [kinds[0]]


def test_old_keys_are_used_until_they_expire(identity, consume, sqs):
    identity.lifetime_seconds = 14
    consumer = consume("web_identity")
    pass_one(consumer)
    identity.broken = {"web_identity"}
    wait_until(lambda: identity.asked["web_identity"] > 2, 20, "a refresh that fails")
    pass_one(consumer)
    assert consumer.health().healthy
    wait_problem(consumer, "no AWS credentials from web identity: STS: 403 AccessDenied", 30)
    assert consumer.send("job") == "unavailable"
    assert set(sqs.counts()["keys"]) <= {"ASIAWEBIDENTITY1", "ASIAWEBIDENTITY2"}
    identity.broken = set()
    wait_until(lambda: consumer.send("job") == "ok", 60, "keys", 0.2)
    wait_healthy(consumer)


def test_an_instance_goes_on_with_expired_keys(identity, consume, sqs):
    identity.lifetime_seconds = -60
    consumer = consume("imds")
    pass_one(consumer)
    assert identity.given == {"imds": 2}
    identity.lifetime_seconds = 3600
    identity.revoke()
    pass_one(consumer)
    assert identity.given == {"imds": 3}
    assert sqs.counts()["refused"] == {"unknown_key": 1}


def test_expired_keys_of_other_sources_are_a_failure(identity, consume):
    identity.lifetime_seconds = -60
    consumer = consume("container", wait=False)
    wait_problem(consumer, "they have expired already, or this machine's clock is wrong")
    assert consumer.send("job") == "unavailable"


def test_calls_wait_for_the_first_keys(identity, consume):
    identity.held = {"web_identity"}
    consumer = consume("web_identity", wait=False)
    sent = [consumer.start("send", body=str(number)) for number in range(3)]
    poll = consumer.start("receive", wait_ms=10_000)
    wait_until(lambda: identity.asked["web_identity"] >= 2, 10, "the source to be asked")
    assert "are on their way" in problem_of(consumer)  # the loop is not blocked
    assert not any(consumer.is_done(each) for each in sent)
    identity.held = set()
    assert [consumer.result(each).err for each in sent] == ["ok"] * 3
    assert consumer.result(poll).body in ("0", "1", "2")
    assert consumer.health().healthy


@pytest.mark.parametrize("kind", KINDS)
def test_a_source_that_hangs_is_given_up(identity, consume, kind):
    identity.held = {kind}
    consumer = consume(kind, wait=False)
    assert consumer.send("job") == "unavailable"
    assert "SQS SendMessage: no AWS credentials from" in consumer.health().last_error
    wait_until(lambda: identity.asked[kind] >= 4, 60, "to be tried again")
    identity.held = set()
    wait_until(lambda: consumer.send("job") == "ok", 60, "keys", 0.2)


def test_a_poll_that_waits_for_keys_can_be_stopped(identity, consume, sqs):
    identity.held = {"web_identity"}
    consumer = consume("web_identity", wait=False)
    poll = consumer.start("receive", wait_ms=20_000)
    wait_until(lambda: identity.asked["web_identity"], 10, "the source to be asked")
    assert consumer.run("stop").err == "ok"
    answer = consumer.result(poll, 4)
    assert (answer.err, answer.body) == ("ok", None)
    assert sqs.counts()["ops"] == {}
    poll = consumer.start("receive", wait_ms=20_000)
    assert consumer.run("free").err == "ok"
    assert consumer.result(poll, 4).err == "cancelled"
    identity.held = set()


def test_keys_of_a_profile(identity, consume, tmp_path, sqs):
    def write():
        keys = identity.new_keys("profile")
        (tmp_path / "credentials").write_text(
            f"[jobs]\naws_access_key_id = {keys['AccessKeyId']}\n"
            f"aws_secret_access_key = {keys['SecretAccessKey']}\n"
            f"aws_session_token = {keys['Token']}\n"
        )

    write()
    (tmp_path / "config").write_text("[profile jobs]\nregion = us-east-1\n")
    consumer = consume(
        "container",  # which is weaker
        AWS_PROFILE="jobs",
        AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "credentials"),
        AWS_CONFIG_FILE=str(tmp_path / "config"),
        AWS_REGION="",
    )
    pass_one(consumer)
    identity.revoke()
    write()
    pass_one(consumer)
    assert set(sqs.counts()["keys"]) == {"ASIAPROFILE1", "ASIAPROFILE2"}
    assert identity.asked == {}


def test_keys_in_the_environment_go_first(identity, consume):
    keys = identity.new_keys("environment")
    consumer = consume(
        *KINDS,
        AWS_ACCESS_KEY_ID=keys["AccessKeyId"],
        AWS_SECRET_ACCESS_KEY=keys["SecretAccessKey"],
        AWS_SESSION_TOKEN=keys["Token"],
    )
    pass_one(consumer)
    assert identity.asked == {}


URL = "https://sqs.us-east-1.amazonaws.com/1/jobs"


@pytest.mark.parametrize(
    "environment, why",
    [
        ({"AWS_EC2_METADATA_DISABLED": "true"}, "there are no AWS credentials"),
        ({"AWS_ACCESS_KEY_ID": "x"}, "AWS_SECRET_ACCESS_KEY are not both set"),
        ({"AWS_ROLE_ARN": "arn:aws:iam::1:role/x"}, "AWS_WEB_IDENTITY_TOKEN_FILE"),
        ({"AWS_PROFILE": "nowhere"}, 'AWS_PROFILE is "nowhere"'),
        ({"AWS_CONFIG_FILE": "/nonexistent/config"}, "/nonexistent/config cannot be read"),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/"}, "FULL_URI is an http URL"),
    ],
)
def test_what_cannot_work_is_told_at_the_start(environment, why):
    run = subprocess.run(
        [driver_path("queue-driver"), "1000", "5", f"a={URL}"],
        capture_output=True,
        text=True,
        env={"HOME": "/nonexistent", **environment},
        timeout=20,
    )
    assert run.returncode == 2
    assert why in run.stderr


# The programs


@pytest.mark.parametrize("kind", ["web_identity", "container"])
def test_nothing_is_lost_while_keys_expire(make_suite, identity, queues, registry, kind):
    identity.lifetime_seconds = 4
    queues.settings = settings_of(queues, identity, kind)
    suite = make_suite(queues).start()
    deadline = time.monotonic() + 90
    rounds = 0
    while rounds < 3 or identity.given[kind] < 12:  # of four queues, replaced twice
        repositories = [registry.fresh(2) for _ in range(3)]
        for repository in repositories:
            suite.get(f"/v1/images/{HOST}/{repository.name}")
        if rounds == 1:
            identity.revoke()
        for repository in repositories:
            left = deadline - time.monotonic()
            document = suite.wait_status(f"{HOST}/{repository.name}", seconds=left)
            assert len(document["Versions"]) == len(repository.versions)
        rounds += 1
    wait_until(lambda: is_idle(queues), 60, "the queues to be empty")
    assert (queues.dead("inspection"), queues.dead("size")) == (0, 0)


def test_readiness_says_why_there_are_no_keys(make_suite, identity, queues, registry):
    identity.broken = {"web_identity"}
    queues.settings = settings_of(queues, identity, *KINDS)
    suite = make_suite(queues)
    suite.start(["api"])  # it answers what it has
    inspector = suite.launch("inspector")
    wait_until(
        lambda: b"no AWS credentials from web identity: STS: 403 AccessDenied"
        in http_get(inspector.admin_url + "/readyz")[2],
        20,
        "readiness to tell",
    )
    assert http_get(inspector.admin_url + "/readyz")[0] == 503
    assert http_get(inspector.admin_url + "/healthz")[0] == 200
    repository = registry.fresh(1)
    path = f"/v1/images/{HOST}/{repository.name}"
    status, _, body = suite.get(path)
    assert (status, body["code"]) == (503, "queue_unavailable")
    identity.broken = set()
    inspector.wait_ready(60)
    suite.add("size")
    wait_until(lambda: suite.get(path)[0] != 503, 60, "the api to have keys", 0.2)
    suite.wait_status(f"{HOST}/{repository.name}", seconds=60)
    logs = "".join(program.process.log() for program in suite.programs.values())
    assert "no AWS credentials from web identity" in logs
    assert not [secret for secret in [identity.token, *identity.secrets] if secret in logs]
    assert list(identity.given) == ["web_identity"]
