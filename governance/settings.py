"""Remit's settings: one file, read from the environment, with an embedded default that needs nothing else.

Without `DATABASE_URL` and `REDIS_URL` everything lives in `.remit/` (SQLite and a file-system broker).
Every variable is described in `.env.example`.
"""

import secrets
from email.utils import parseaddr
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")

STATE_DIR = Path(env.str("REMIT_STATE", str(BASE_DIR / ".remit"))).resolve()
STATE_DIR.mkdir(parents=True, exist_ok=True)


def _secret_key() -> str:
    """Return the key from the environment, or one made once for this installation."""
    if key := env.str("SECRET_KEY", ""):
        return str(key)
    if not (file := STATE_DIR / "secret-key").exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(48))
    return file.read_text().strip()


PRODUCTION = env.bool("REMIT_PRODUCTION", False)
DEBUG = env.bool("DEBUG", False)
SECRET_KEY = _secret_key()
if PRODUCTION and (DEBUG or not env.str("SECRET_KEY", "")):
    raise ImproperlyConfigured("REMIT_PRODUCTION needs SECRET_KEY set and DEBUG off.")
if PRODUCTION and (env.str("REMIT_FAULT", "") or env.str("REMIT_FAULT_FILE", "")):
    raise ImproperlyConfigured("REMIT_FAULT and REMIT_FAULT_FILE break Remit on purpose; production runs without them.")

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["*"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SITE_URL = env.str("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
ORGANISATION = env.str("ORGANISATION", "Remit")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "django_htmx",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "governance",
    "workflows",
    "approvals",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "governance.partial.whole_page_sign_in",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "governance.urls"
WSGI_APPLICATION = "governance.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "governance.views.shell.shell",
                "workflows.views.shell.acting",
                "approvals.views.shell.counts",
            ],
        },
    },
]

# --- database and broker -------------------------------------------------------------------------------------------
if env.str("DATABASE_URL", ""):
    DATABASES = {"default": env.db("DATABASE_URL")}
    DATABASES["default"].update(CONN_MAX_AGE=600, CONN_HEALTH_CHECKS=True)
    DATABASES["default"]["OPTIONS"] = {
        # a host that vanished in the middle of a transaction would hold its locks, and every halt, for hours; and what
        # has committed must be on the disk before anything is sent, whatever the server's own settings say
        "options": "-c idle_in_transaction_session_timeout=5s -c synchronous_commit=on "
        r"-c default_transaction_isolation=read\ committed",
        # nobody waits for ever for a database that vanished: seconds, and for the last one milliseconds
        **{"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3},
        "tcp_user_timeout": 15_000,
        **DATABASES["default"].get("OPTIONS", {}),
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "governance.sqlite",
            "NAME": STATE_DIR / "remit.sqlite3",
            "CONN_MAX_AGE": 600,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32000; "
                    "PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY;"
                ),
            },
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", "")
if REDIS_URL:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
    CELERY_BROKER_URL = REDIS_URL
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    CELERY_BROKER_URL = "filesystem://localhost"
    CELERY_BROKER_TRANSPORT = "governance.supervising.broker:Transport"

# --- people --------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "governance.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
ACCOUNT_ADAPTER = "governance.accounts.ClosedSignup"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"

# --- mail ----------------------------------------------------------------------------------------------------------
# EMAIL_URL, e.g. smtp://user:password@host:587. Without it `manage.py up` starts a catcher and sends there.
MAIL_CATCHER = env.str("EMAIL_URL", "") == ""
vars().update(env.email("EMAIL_URL", default=f"smtp://127.0.0.1:{env.int('REMIT_MAIL_PORT', 8025)}"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Remit <remit@localhost>")
# Where answers to mails go, to be explained: to `manage.py receive_mail`, if it is set; caught mail to the catcher.
_HOST = parseaddr(DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
REPLY_ADDRESS = env.str("REPLY_ADDRESS", f"answers@{_HOST}" if MAIL_CATCHER else "")
MAIL_DIR = STATE_DIR / "mail"

# --- what software may reach ---------------------------------------------------------------------------------------
# Hosts of `http.request`. A private address is refused unless its host stands here.
HTTP_ALLOWED_HOSTS = env.list("HTTP_ALLOWED_HOSTS", default=[])
# Most bytes an imported file may unpack to.
IMPORT_LIMIT = env.int("IMPORT_LIMIT", 512 * 1024 * 1024)
# Seconds an attempt at an effect may take. After that, and a grace, it counts as not known.
ATTEMPT_SECONDS = env.int("REMIT_ATTEMPT_SECONDS", 60)

# --- Celery: a doorbell, never the work (pinned by name; tests/governance/test_celery_settings.py holds it) --------
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object]
if REDIS_URL:
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        # Whoever rings must not wait for a broker that is away: give up at once, the sweep finds the work.
        "socket_connect_timeout": 1.0,
        "socket_timeout": 2.0,
        "socket_keepalive": True,
        "max_retries": 0,
        # A connection that died unnoticed is noticed: a consumer is back after 11 s at most.
        "health_check_interval": 5,
        # The ring of a worker that died is rung again, to be thrown away: what it meant stands in the database.
        "visibility_timeout": 120,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        "unacked_restore_limit": 100,
        "unacked_mutex_expire": 30,
    }
else:
    _broker_dir = STATE_DIR / "broker"
    for _folder in ("messages", "processed", "control"):
        (_broker_dir / _folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        **dict.fromkeys(("data_folder_in", "data_folder_out"), str(_broker_dir / "messages")),
        "processed_folder": str(_broker_dir / "processed"),
        "control_folder": str(_broker_dir / "control"),
        "store_processed": False,
        "polling_interval": 0.1,
    }
RING = env.bool("REMIT_RING", True)
"""Whether new work is announced to the workers; tests and single commands do the work themselves."""
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = False
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_DIRECT = True  # a queue of its own for each worker, over which it hears itself (workflows/watchdog.py)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # nobody commands workers through the broker
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False  # what has begun is worth finishing
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 3.0  # less than the 4 s that `up` gives
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = False
CELERY_BROKER_CONNECTION_RETRY = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # for ever; meanwhile the worker looks for work by itself
CELERY_TIMEZONE = "UTC"

# --- pages ---------------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.str("TIME_ZONE", "UTC")
USE_TZ = True
USE_I18N = True
STATIC_URL = "static/"
STATIC_ROOT = STATE_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ["/api/docs/"],
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "frame-src": [SELF],
        "frame-ancestors": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
    },
}
X_FRAME_OPTIONS = "SAMEORIGIN"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", False)
if env.bool("BEHIND_TLS_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- API -----------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "governance.tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PARSER_CLASSES": [
        "governance.parsers.BoundedJSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.CursorPagination",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "governance.api.explain",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Remit API",
    "DESCRIPTION": "Start and read runs, read actions and reviews, decide reviews: the verbs of the pages.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", "WARNING")},
}
