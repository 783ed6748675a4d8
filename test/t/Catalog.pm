# Everything that an extension made in a database, as lines of text, one for each thing: to compare a database that was updated with a fresh one.
package Catalog;

use strict;
use warnings;
use Exporter 'import';

our @EXPORT = qw(catalog_of catalog_difference);

my $catalog = <<'EOS';
SET search_path = pg_catalog;
WITH member AS (
  SELECT classid, objid, pg_identify_object(classid, objid, 0) AS o
  FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
    AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'jwt_auth')
)
SELECT translate(line, E'\n', ' ') FROM (
  SELECT 'object ' || (o).type || ' ' || (o).identity AS line FROM member
  UNION ALL
  SELECT 'comment ' || (o).type || ' ' || (o).identity || ': ' || coalesce(obj_description(objid, classid::regclass::name), 'none') FROM member
  UNION ALL
  SELECT 'function ' || pg_get_functiondef(p.oid) || coalesce(array_to_string(ARRAY(SELECT unnest(p.proacl)::text ORDER BY 1), ','), 'default')
  FROM pg_proc p JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
  UNION ALL
  SELECT 'relation ' || c.oid::regclass || ' ' || c.relkind::text || ' ' || coalesce(array_to_string(c.reloptions, ','), '') || ' '
         || coalesce(array_to_string(ARRAY(SELECT unnest(c.relacl)::text ORDER BY 1), ','), 'default')
         || coalesce(' ' || pg_get_viewdef(nullif(c.oid, CASE WHEN c.relkind = 'v' THEN 0 ELSE c.oid END)), '')
  FROM pg_class c JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
  UNION ALL
  SELECT 'column ' || a.attrelid::regclass || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull::text || ' '
         || a.attstorage::text || ' ' || coalesce(a.attstattarget, -1) || ' ' || a.attidentity::text || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '') || ' '
         || coalesce((SELECT collname FROM pg_collation WHERE oid = a.attcollation), '') || ' '
         || coalesce(col_description(a.attrelid, a.attnum), '')
  FROM pg_attribute a JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = a.attrelid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT 'attribute ' || t.oid::regtype || '.' || a.attname || ' ' || a.attnum || ' ' || format_type(a.atttypid, a.atttypmod)
  FROM pg_type t JOIN member m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
  JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT 'domain ' || t.oid::regtype || ' ' || format_type(t.typbasetype, t.typtypmod) || ' ' || t.typnotnull::text || ' '
         || coalesce(t.typdefault, '') || coalesce((SELECT string_agg(conname || ' ' || pg_get_constraintdef(c.oid), ', ' ORDER BY conname)
                                                  FROM pg_constraint c WHERE c.contypid = t.oid), '')
  FROM pg_type t JOIN member m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid WHERE t.typtype = 'd'
  UNION ALL
  SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(c.oid)
  FROM pg_constraint c JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = c.conrelid
  UNION ALL
  SELECT 'index ' || pg_get_indexdef(i.indexrelid)
  FROM pg_index i JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = i.indrelid
  UNION ALL
  SELECT 'trigger ' || pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
  FROM pg_trigger t JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = t.tgrelid WHERE NOT tgisinternal
  UNION ALL
  SELECT 'dumped ' || pg_identify_object('pg_class'::regclass, configured, 0)::text || ' ' || extcondition[n]
  FROM pg_extension, unnest(extconfig) WITH ORDINALITY AS u(configured, n) WHERE extname = 'jwt_auth'
  UNION ALL
  SELECT 'schema ' || nspname || ' ' || array_to_string(ARRAY(SELECT unnest(nspacl)::text ORDER BY 1), ',') FROM pg_namespace WHERE nspname = 'jwt_auth'
) AS lines ORDER BY line COLLATE "C"
EOS

sub catalog_of
{
	my ($node, $database) = @_;
	return $node->safe_psql($database, $catalog);
}

# The lines that are in one and not in the other, "- " before those of the first and "+ " before those of the second.
sub catalog_difference
{
	my ($first, $second) = @_;
	my (%in_first, %in_second);
	@in_first{ split /\n/, $first } = ();
	@in_second{ split /\n/, $second } = ();
	return join "\n", (map { "- $_" } grep { !exists $in_second{$_} } sort keys %in_first),
	  (map { "+ $_" } grep { !exists $in_first{$_} } sort keys %in_second);
}

1;
