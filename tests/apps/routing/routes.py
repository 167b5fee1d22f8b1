"""Says which of its views Django picks for a request, in the header `x-view`. Needs no database."""

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import include, path, re_path
from waitress import create_server

settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="none", MIDDLEWARE=[])


def view(name):
    def answer(request, **parts):
        by = name if request.method in ("GET", "HEAD") or name == "other" else f"{name} by {request.method}"
        return HttpResponse(name, headers={"x-view": by})

    return answer


urlpatterns = [
    path("admin/backups", view("backups")),
    # A dollar matches before a final line feed, too.
    re_path(r"^files/package\.json$", view("file")),
    path("api/orders/<str:id>", view("order")),
    path("reports/", include([path("", view("reports")), path("<path:rest>", view("reports"))])),
    # Not minding letter case, by Unicode's rules.
    re_path(r"^(?i:kiosk/sales)/?$", view("sales")),
    re_path(r"(?s)^.*$", view("other")),
]

server = create_server(get_wsgi_application(), listen="127.0.0.1:0", threads=4)
print(f"listening {server.effective_port}", flush=True)
server.run()
