"""The page to try the API: Swagger UI, with its files from this service."""

from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

FILES = "swagger"
"""Path of the files, relative to the page."""


def swagger_page() -> HTMLResponse:
    """The page. All its URLs are relative, so it works behind any proxy."""
    return get_swagger_ui_html(
        openapi_url="openapi.json",
        title="cometgraph",
        swagger_js_url=f"{FILES}/swagger-ui-bundle.js",
        swagger_css_url=f"{FILES}/swagger-ui.css",
        swagger_favicon_url=f"{FILES}/favicon-32x32.png",
        swagger_ui_parameters={
            "tryItOutEnabled": True,
            "persistAuthorization": True,
            "filter": True,
            "displayRequestDuration": True,
        },
    )


def swagger_files() -> StaticFiles:
    """Script, style sheet and icon of the page."""
    return StaticFiles(packages=[("fastapi_swagger", "resources")])
