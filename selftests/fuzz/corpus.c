// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that went where none had been before; new ones are made of them.
 */
#include "fuzz.h"

#include <stdlib.h>

/* The last step makes it one: who adds may die at any moment. */
void fz_corpus_add(struct fz_corpus *corpus, const struct fz_prog *prog)
{
	__u32 at = corpus->nr < FZ_CORPUS ? corpus->nr :
		   rand() % FZ_CORPUS;

	corpus->prog[at] = *prog;
	if (corpus->nr < FZ_CORPUS)
		corpus->nr++;
}

/* Rather one of the newest: they are at the border of what is known. */
const struct fz_prog *fz_corpus_pick(struct fz_corpus *corpus,
				     struct fz_rng *rng)
{
	__u32 newest = corpus->nr / 4;

	if (!corpus->nr)
		return NULL;
	if (newest && fz_below(rng, 2))
		return &corpus->prog[corpus->nr - 1 - fz_below(rng, newest)];
	return &corpus->prog[fz_below(rng, corpus->nr)];
}

int fz_corpus_load(struct fz_corpus *corpus, const char *path)
{
	FILE *file = fopen(path, "r");
	struct fz_prog prog;
	int got;

	if (!file)
		return -1;
	while ((got = fz_read(file, &prog)) > 0)
		fz_corpus_add(corpus, &prog);
	fclose(file);
	return got;
}

int fz_corpus_save(const struct fz_corpus *corpus, const char *path)
{
	FILE *file = fopen(path, "w");
	static char text[FZ_TEXT];
	__u32 i;

	if (!file)
		return -1;
	for (i = 0; i < corpus->nr; i++) {
		fz_print(&corpus->prog[i], text, sizeof(text));
		fputs(text, file);
	}
	return fclose(file);
}
