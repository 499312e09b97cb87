"""Settings as the specifications of student, embedder, judge and store."""

import os
from pathlib import Path

from distill.student.student import StudentSpec
from graph.query.request import QueryLimits
from graph.stores.protocol import Neo4jLogin
from service.runtime.critic import CriticSpec
from service.runtime.judge import JudgeSpec
from service.runtime.retriever import EmbedderSpec
from service.runtime.student import BatchLimits
from service.settings import Settings


def student_spec_of(settings: Settings, *, is_patient: bool = False) -> StudentSpec:
    """The student of the settings.

    is_patient: no time limit for its server, unless the settings give one.
    """
    has_limit = not is_patient or "generate_seconds" in settings.model_fields_set
    return StudentSpec(
        student=settings.student,
        prompt_form=settings.prompt_form,
        device=settings.device,
        compute_type=settings.compute_type,
        cache=Path(settings.cache),
        threads=settings.model_threads or os.cpu_count() or 1,
        url=settings.engine_url,
        url_model=settings.engine_model,
        url_key=settings.engine_key.get_secret_value(),
        url_timeout=settings.generate_seconds if has_limit else None,
    )


def embedder_spec_of(settings: Settings) -> EmbedderSpec:
    """The embedder of the settings."""
    return EmbedderSpec(settings.embedder, settings.model_threads or os.cpu_count() or 1, Path(settings.cache))


def judge_spec_of(settings: Settings) -> JudgeSpec:
    """The judge of the settings."""
    return JudgeSpec(settings.judge, Path(settings.cache), settings.model_threads or os.cpu_count() or 1)


def critic_spec_of(settings: Settings) -> CriticSpec:
    """The critic of the settings."""
    return CriticSpec(settings.critic, Path(settings.cache), settings.model_threads or os.cpu_count() or 1)


def batch_limits_of(settings: Settings) -> BatchLimits:
    """The limits of the student's batches, by the settings."""
    return BatchLimits(settings.batch_size, settings.batch_wait_ms, settings.queue_limit, settings.generate_seconds)


def login_of(settings: Settings) -> Neo4jLogin:
    """The Neo4j login of the settings."""
    return Neo4jLogin(settings.neo4j_user, settings.neo4j_password.get_secret_value(), settings.neo4j_database)


def query_limits_of(settings: Settings, *, ahead: bool) -> QueryLimits:
    """The limits of Cypher queries. ahead: start reader processes with the store."""
    return QueryLimits(
        seconds=settings.cypher_seconds,
        rows=settings.cypher_rows,
        bytes=settings.cypher_bytes,
        slots=settings.cypher_slots,
        ahead=ahead and settings.cypher,
    )
