/* A promise has a name, and the name is what is asserted: so a run that fails says which promise broke, and test/model/checks.tsv
 * says of each planted fault which one that must be. The variables are hidden: they are no part of a state. */
#define PROMISE(name, condition) name = (condition); assert(name)
