"""What docs/ and README show, run; and the pages of docs/ that are made from the code.

markdown.py       a page taken apart: headings, links, blocks with their directives
stories.py        its blocks, played one after another in a folder of their own
settings.py       tables of docs/settings.md, made from the options of every command
finding_codes.py  most of docs/finding-codes.md, made from the pages of `tornkit routes --explain`

A block of code stands below its directives, which are comments and so not seen:

    <!-- file: shop.py -->    the block becomes that file
    <!-- edit: shop.py -->    the block, a diff, is done to that file
    <!-- slow -->             it installs packages: for the thorough run alone
    <!-- exit: 1 -->          how its last command ends; 0 without
    <!-- numbers vary -->     any number will do for any other
    <!-- server -->           its command goes on, as `tornkit serve` does without saying so
    <!-- shown: REASON -->    it is not run
    <!-- story -->            what follows begins in a new folder, with nothing of what was before

Of a block `console` each line behind `$ ` is a command, and what follows is what it prints, where
`...` is for any lines. One without a command is what the server that runs prints next. Of a block
`sh` each line is a command that has to succeed.
"""
