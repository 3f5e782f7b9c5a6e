"""The page. Only `app.py` and this package know Gradio; imports point down this list.

page        what stands where
panels      one ability of the page each, and what happens on a click
runs        one painting, from the click to the finished file
components  one widget each, with its HTML, CSS and JavaScript beside it

api         the same runs for programs and agents
server      the queue, what is refused at the door, and how long visitors' files stay

look, i18n, errors, limits, files, catalogue, events and gradio_internals are for all of them.
"""
