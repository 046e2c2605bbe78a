"""The report: one campaign as one self-contained HTML page.

`data` reads the output folder, `content` and `plot` make tables and figures of it, `page`
puts them into the template. The page has no script and loads nothing; names and evidence
in it come from modules that may be hostile, so the template escapes everything, and a
content security policy in the page forbids what an error in that would let in.
"""
