"""Serves the project on 127.0.0.1:$APP_PORT (0 is a free port), and says which."""

import os

from django.core.wsgi import get_wsgi_application
from waitress import create_server

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zumodra.settings")
server = create_server(get_wsgi_application(), listen=f"127.0.0.1:{os.environ.get('APP_PORT', '3000')}", threads=4)
print(f"listening {server.effective_port}", flush=True)
server.run()
