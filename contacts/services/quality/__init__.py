"""Data quality: is a record complete, right, fresh, there once, and in agreement with itself?

**The formula.** A rule gives a record a share from 0 (broken) to 1 (kept), or nothing where it does not apply: an empty phone
is not an invalid one. A dimension scores 100 · Σ weight · share ÷ Σ weight over the rules that apply, rounded to one decimal; a
dimension without such a rule has no score. The record scores the mean of its dimensions by the weights of `QualitySettings`, in
whole percent. Halves are rounded up. A gap is a rule with a share below 0.5. Freshness is 2^(−age ÷ half-life) in whole days.

`checks` are the built-in rules as expressions of the database, `facts` what only the program can tell of a text, `measuring`
writes the scores, `rules` says which rules there are and who breaks them.
"""
