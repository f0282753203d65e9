"""What a leadership team writes down once: the rulebook's content, part by part. Pure; a noun a file.

`whole.Envelope` is the document that a rulebook keeps, files say and pages change.
"""
