"""The functions of strangers' Cypher, as ladybug knows them."""

import ladybug

from graph.query.functions import Functions, function_names


def test_every_listed_function_exists() -> None:
    functions = Functions("embedded")
    missing = list[str]()
    connection = ladybug.Connection(ladybug.Database(buffer_pool_size=16 << 20))
    for name in function_names("embedded"):
        try:
            connection.execute(f"RETURN {functions.written(name)}(1)")
        except RuntimeError as error:
            if "does not exist" in str(error):
                missing.append(name)
    assert missing == []
