"""The page, room by room. Only `app.py` and this package know Gradio.

disk        the folder of the visitors' pictures, gone when the page stops
limits      how much one visitor may ask for
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
forecast    how long a painting will take here
presets     sketch, painting or masterpiece
mix         several paintings, each with its weight
brush       where on the photo to paint
start       where painting begins: at the photo, or at a picture
onward      what comes after a picture: longer, larger, more style, more photo
project     a picture that brings back what painted it, or says it in Python
events      how events run
sitting     a run, from the first preview to the finished file
gpu         where a run happens: here, or in a process of ZeroGPU
endpoint    the same run for programs: the API's `/stylize`
agents      the same as a tool for agents, over MCP
guard       what the server says no to, and its headers
fairness    a queue with a bound, and the device for those who watch
page        how the rooms are joined
"""
