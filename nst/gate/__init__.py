"""Strangers' files are opened here, in a process of their own.

pool      our side: workers that stand ready, their time and memory, and what may come back
worker    their side: a process that never sees a stranger's byte itself; each file is read in a fresh copy of it
limits    what a worker gives up before it reads: files, connections, memory, time
wire      what both sides say to each other: fixed headers and raw bytes
pictures  the decoder of pictures; tiffs and bitmaps are what Pillow leaves out of them, srgb their colours
films     the decoder of films; light is their high dynamic range

Another decoder needs a module with a table DECODERS, name -> function, and a `Pool` of that module. The function gets
the bytes of a file, or the file itself if that stays with the asker, and whatever numbers the asker adds. It yields
arrays of three dimensions in uint8, int32 or float32, and raises `Refused`. It may open no file and import no module
when it is called, so its module imports all that it needs.
`Pool.ask` yields the arrays on our side; large ones had better come in pieces.

No module here imports torch: a worker has to be small and quick to start.
"""
