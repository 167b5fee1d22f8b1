"""Serves the project on a free port of 127.0.0.1, and says which."""

import os

from django.core.wsgi import get_wsgi_application
from waitress import create_server

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zumodra.settings")
server = create_server(get_wsgi_application(), listen="127.0.0.1:0", threads=4)
print(f"listening {server.effective_port}", flush=True)
server.run()
