/* conf_number.h: whole numbers that libconfig 1.5 cuts to 32 bits without a word. They need an L
 * behind them; newer versions widen them by themselves. */
#pragma once

/* Behind the next such number in the configuration text, strings and comments left out, or NULL.
 * *line counts on. Start with the text and line 1, go on with what was returned. */
const char *conf_next_wide_number(const char *text, unsigned *line);
