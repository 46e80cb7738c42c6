"""The broker of one machine: channels, who hears of them, what is kept. Knows no sockets.

broker.py     publishes, and finds who is to hear of it
history.py    what is kept of each channel, and what is gone
presence.py   who is there
store.py      keys with values that all workers share
"""
