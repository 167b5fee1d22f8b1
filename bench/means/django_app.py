"""A Django application whose middleware keeps requests out while a table is missing; what it found complete it does not ask
of again, as in the incident."""

import os
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.http import HttpResponse, JsonResponse

url = urlsplit(os.environ["DATABASE_URL"])
settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[f"{__name__}.MigrationCheckMiddleware"],
    LOGGING_CONFIG=None,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": url.hostname,
            "PORT": url.port,
            "USER": url.username,
            "NAME": url.path.lstrip("/"),
            "CONN_MAX_AGE": None,
        }
    },
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection  # noqa: E402
from django.urls import path  # noqa: E402
from waitress import serve  # noqa: E402

REQUIRED = {"orders"}


class MigrationCheckMiddleware:
    complete = False

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if not MigrationCheckMiddleware.complete:
            with connection.cursor() as cursor:
                names = {table.name for table in connection.introspection.get_table_list(cursor)}
            if not REQUIRED <= names:
                return JsonResponse({"code": "SCHEMA_NOT_READY"}, status=503)
            MigrationCheckMiddleware.complete = True
        return self.get_response(request)


def kibibyte(_request):
    return HttpResponse("x" * 1024, content_type="text/plain")


def orders(_request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM orders")
        return JsonResponse([{"id": row[0]} for row in cursor.fetchall()], safe=False)


urlpatterns = [path("1k", kibibyte), path("orders", orders)]

if __name__ == "__main__":
    serve(get_wsgi_application(), listen=f"127.0.0.1:{os.environ['PORT']}", threads=4, _quiet=True)
