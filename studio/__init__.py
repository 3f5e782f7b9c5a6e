"""The page, room by room. Only `app.py` and this package know Gradio.

catalogue   what hangs on the walls: photos, paintings, finished pictures
words       every word the page says, in every language it speaks
look        colours, type and spacing; the page's own CSS and JavaScript
thumbs      small pictures for the walls
wall        a wall of pictures to choose from
errors      what goes wrong, in one sentence
pictures    pictures on their way into and out of the page
controls    one control for each knob
status      one line about the run: step, time left, curves
pace        how often a new picture is shown
sitting     a run, from the first preview to the finished file
endpoint    the same run for programs: the API's `/stylize`
page        how the rooms are joined
"""
