"""FreePBX, out of a dump of its database, which every version has: `mysqldump asterisk > freepbx.sql`."""
