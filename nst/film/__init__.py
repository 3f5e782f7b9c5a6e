"""Films: one painting after the other, without flicker.

reading  strangers' films, opened safely: upright pictures in sRGB at evenly spaced moments
flow     where each pixel of a frame was in the frame before
paint    frames that go on from each other
writing  pieces of a film, which a later run goes on with; sound
"""
