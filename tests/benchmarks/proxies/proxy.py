"""nginx and haproxy, with connections to the server that are kept."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from tests.benchmarks.process import ServerProcess

_NGINX = """\
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log;
events {{ worker_connections 512; }}
http {{
  access_log off; client_max_body_size 10m; client_body_buffer_size 1m;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream app {{ server 127.0.0.1:{upstream}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_request_buffering {buffering};
    }}
  }}
}}
"""
_HAPROXY = """\
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  http-reuse always
frontend front
  bind 127.0.0.1:{port}
  default_backend app
backend app
  server one 127.0.0.1:{upstream} pool-max-conn 16
"""

PROXIES: Mapping[str, str] = MappingProxyType(
    {"nginx": "nginx", "nginx-unbuffered": "nginx", "haproxy": "haproxy"}
)
"""Their names, and what each runs."""


def is_there(name: str) -> bool:
    """Whether this machine has it."""
    return shutil.which(PROXIES[name]) is not None


def start(name: str, port: int, upstream: int, folder: Path) -> ServerProcess:
    """A proxy on ``port`` before ``upstream``."""
    configuration = folder / f"{name}.conf"
    if name == "haproxy":
        text = _HAPROXY.format(port=port, upstream=upstream)
        command = ["haproxy", "-db", "-f", str(configuration)]
    else:
        buffering = "off" if name == "nginx-unbuffered" else "on"
        text = _NGINX.format(port=port, upstream=upstream, folder=folder, buffering=buffering)
        command = ["nginx", "-c", str(configuration), "-p", str(folder)]
    configuration.write_text(text)
    return ServerProcess(command, folder, folder / f"{name}.log")
