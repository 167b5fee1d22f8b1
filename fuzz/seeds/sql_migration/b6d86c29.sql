CREATE TABLE maintenance_windows (id serial primary key);
