"""What three agents report of the same requests, on Tornado alone and with engine and speedups.

- `tests.engine.agents.child`: one agent in one process, since none can be taken out again
- `tests.engine.agents.test_agents`: compares
"""
