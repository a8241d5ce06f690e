"""What went wrong is told on a page of ours, in the reader's language, with the headers of every other page."""

import pytest
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig
from django.http import Http404
from django.test import Client
from django.urls import include, path, reverse

from crm.access import public
from crm.views import errors

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
BROKEN = {
    "400": BadRequest,
    "403": PermissionDenied,
    "404": Http404,
    "413": RequestDataTooBig,
    "500": ZeroDivisionError,
}


@public
def _broken(request, kind):
    raise BROKEN[kind]


urlpatterns = [path("broken/<str:kind>/", _broken), path("", include("crm.urls"))]
handler400, handler403, handler404 = errors.bad_request, errors.forbidden, errors.not_found
handler429, handler500 = errors.too_many, errors.server_error

TITLES = {
    "400": ("This request cannot be understood", "Запрос не удалось разобрать"),
    "403": ("This is not yours to do", "На это у вас нет прав"),
    "404": ("Nothing is here", "Здесь ничего нет"),
    "413": ("This is too much at once", "Слишком много за один раз"),
    "500": ("Something broke on our side", "Что-то сломалось у нас"),
}


def assert_designed(answer, status, title, language):
    page = answer.content.decode()
    assert answer.status_code == status
    assert f"<h1>{title}</h1>" in page
    assert f'<html lang="{language}"' in page
    assert 'href="/"' in page
    assert "Traceback" not in page
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe-" not in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.django_db
@pytest.mark.urls("tests.crm.test_error_pages")
@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("kind", TITLES)
@pytest.mark.parametrize("signed_in", [True, False], ids=["user", "stranger"])
def test_every_error_has_its_page(alice, kind, language, signed_in):
    client = Client(raise_request_exception=False)
    if signed_in:
        alice.language = language
        alice.save()
        client.force_login(alice)

    answer = client.get(f"/broken/{kind}/", headers={"accept-language": language})

    assert_designed(answer, int(kind), TITLES[kind][language == "ru"], language)


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "title"), [("en", "The form has expired"), ("ru", "Форма устарела")])
def test_a_form_without_its_token_has_its_page(alice, language, title):
    browser = Client(enforce_csrf_checks=True)

    answer = browser.post(reverse("account_login"), {"login": "x"}, headers={"accept-language": language})

    assert_designed(answer, 403, title, language)


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "title"), [("en", "Too many tries"), ("ru", "Слишком много попыток")])
def test_too_many_tries_have_their_page(client, alice, smtp, language, title):
    form = {"email": f"limit-{language}@example.com"}
    for _n in range(40):
        answer = client.post(
            reverse("account_reset_password"), form, headers={"accept-language": language}, REMOTE_ADDR="192.0.2.77"
        )
        if answer.status_code == 429:
            break

    assert_designed(answer, 429, title, language)


@pytest.mark.django_db
def test_a48_a_foreign_host_is_refused_and_never_repeated(client, alice):
    answer = client.get(reverse("account_login"), headers={"host": "evil.example"})

    assert answer.status_code == 400
    assert b"evil.example" not in answer.content


@pytest.mark.django_db
def test_a48_a_forwarded_host_changes_no_link(client, alice):
    answer = client.get("/jobs/", headers={"x-forwarded-host": "evil.example"})

    assert answer.url == "/accounts/login/?next=/jobs/"
    assert b"evil.example" not in client.get(answer.url, headers={"x-forwarded-host": "evil.example"}).content


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"login": "ann@example.com", "password": "x" * 10_000_000}, 413),
        ({f"field{n}": "x" for n in range(10_000)}, 400),
    ],
    ids=["10 MB password", "10,000 fields"],
)
def test_a40_a_form_that_is_too_large_is_refused(client, alice, data, status):
    assert client.post(reverse("account_login"), data).status_code == status


@pytest.mark.django_db
def test_a40_a_huge_cookie_breaks_nothing(client, alice):
    client.cookies["sessionid"] = "x" * 1_000_000

    assert client.get(reverse("account_login")).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/<script>alert(1)</script>/", "/accounts/login/?next=<script>alert(1)</script>",
             "/help/?q=<script>alert(1)</script>", "/help/?lang=<script>alert(1)</script>",
             "/accounts/login/?error=<script>alert(1)</script>"],
)  # fmt: skip
def test_a22_nothing_of_an_address_is_repeated_as_markup(client, alice, workspace, path):
    assert b"<script>alert(1)" not in client.get(path, headers={"referer": "<script>alert(1)</script>"}).content


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/static/../crm/settings.py", "/static/%2e%2e/crm/settings.py", "/files/..%2f..%2fetc%2fpasswd/",
             "/dev/mail/..%2f..%2fetc%2fpasswd/", "/static/..%5c..%5cetc/passwd", "/media/secret.key"],
)  # fmt: skip
def test_a32_no_path_leads_out_of_its_folder(client, admin, path):
    client.force_login(admin)

    assert client.get(path).status_code == 404
