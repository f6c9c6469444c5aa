"""Whether the stated reasons of a score are what moved it: taken away, does the score fall below the line?"""
