"""The network settings of a person's machine, as the page can live with them.

Before it is ready, Gradio asks its own server whether it answers, through httpx: by the proxy that
the environment names, with whatever that holds read where Gradio is imported.
"""

import os
from urllib.request import getproxies, getproxies_environment

import httpx

LOOPBACK = ("localhost", "127.0.0.1", "::1")
SCHEMES = ("http", "https", "all")  # whose proxies httpx takes


def settle_network(host: str) -> list[str]:
    """Let this process reach its own page past any proxy; call it before Gradio is imported.

    Where there are proxies, `no_proxy` gains loopback and `host`. What httpx cannot use of these
    settings is taken out of the environment of this process; all else stays as it is.

    Returns:
        a sentence for each setting that was taken out.
    Raises:
        ValueError: if the environment names certificates that cannot be read.
    """
    settings, notes = getproxies(), []
    passed = settings.get("no", "").split(",")
    proxies = {scheme: settings[scheme] for scheme in SCHEMES if settings.get(scheme)}
    if not getproxies_environment():  # the system's, which count only while this stays so
        os.environ.update({f"{scheme}_proxy": url for scheme, url in proxies.items()})
    for scheme, url in proxies.items():
        if complaint := _try_client(url if "://" in url else f"http://{url}"):
            for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper()):
                os.environ.pop(name, None)
            notes.append(f"{scheme}_proxy is not used, the page goes without it: {complaint}")
    if proxies:
        usable = [*LOOPBACK, host]
        for entry in (entry.strip().strip("[]") for entry in passed):
            os.environ["no_proxy"] = entry
            if complaint := _try_client():
                notes.append(f"{entry} in no_proxy is not used: {complaint}")
            else:
                usable.append(entry)
        os.environ["no_proxy"] = ",".join(dict.fromkeys(filter(None, usable)))
    try:
        httpx.Client().close()
    except OSError as error:
        raise ValueError(
            f"SSL_CERT_FILE is {os.environ.get('SSL_CERT_FILE')}, which cannot be used "
            f"({error.strerror or error}): mend it, or unset it"
        ) from error
    return notes


def _try_client(proxy: str | None = None) -> str | None:
    """What httpx has against a proxy, or those of the environment; None where it takes them."""
    try:
        httpx.Client(proxy=proxy, trust_env=proxy is None, verify=False).close()
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        return str(error).splitlines()[0]
    return None
