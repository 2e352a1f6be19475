"""
Run by gdb on one module, for sites.py: what gdb calls each of "addresses", as a line of JSON.

"symbol" is what `info symbol` says; "functions" the names of the functions whose code it is by the debugging information, from the
innermost inlined one outwards; "file" and "line" what `info line` would say.
"""
import gdb, json

gdb.execute("set print demangle on")
for a in addresses: # noqa: F821: set before this is run
	text = gdb.execute("info symbol 0x%x" % a, to_string=True)
	functions = []
	block = gdb.block_for_pc(a)
	while block is not None:
		if block.function is not None:
			functions.append(block.function.name)
		block = block.superblock
	at = gdb.find_pc_line(a)
	print(json.dumps({
		"symbol": None if text.startswith("No symbol") else text.partition(" in section ")[0].partition(" + ")[0].strip(),
		"functions": functions, "file": at.symtab and at.symtab.filename, "line": at.line}))
