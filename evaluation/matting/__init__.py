"""How good mattes of people are, in stills and in video, and how steady.

``python -m evaluation.matting stills`` measures pictures whose masks or mattes are known, ``python -m
evaluation.matting video`` clips, with and without the alpha of the frame before. Both write Markdown and a CSV with
every measurement.
"""
